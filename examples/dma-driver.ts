/**
 * Why there is a ZONE_DMA: a driver reads a sector of a floppy disk by ISA DMA into a buffer that it allocated with
 * GFP_DMA, and without.
 */
import {
  boot,
  type Cpu,
  claim_dma_lock,
  clear_dma_ff,
  cpuModels,
  DMA_MODE_READ,
  DmaRefused,
  disable_dma,
  enable_dma,
  FD_DATA,
  FD_READ,
  FD_STATUS,
  FloppyController,
  free_dma,
  get_dma_residue,
  IsaDma,
  inb,
  init_waitqueue_head,
  Machine,
  MiB,
  outb,
  type Program,
  release_dma_lock,
  request_dma,
  SECTOR_SIZE,
  type SlabAllocator,
  STATUS_READY,
  set_dma_addr,
  set_dma_count,
  set_dma_mode,
  struct,
  u32,
  wait_event,
  wake_up,
} from 'slabscope';

const FLOPPY_DMA = 2;
const FLOPPY_VECTOR = 0x26; // IRQ 6
const text = 'Of a floppy disk, the second sector. ';

/** The driver: one sector, read into a buffer from kmalloc(SECTOR_SIZE, gfp). What it found, by CPU loads. */
function* readSector(slab: SlabAllocator, cpu: Cpu, sector: number, gfp: number): Program<string> {
  const k = slab.kernel;
  const { GFP_KERNEL } = slab.version.gfp;
  const floppy_t = struct({ done: u32, wait: k.wait_queue_head_t });
  const floppy = yield* slab.kmalloc(cpu, floppy_t.sizeof, GFP_KERNEL);
  cpu.store32(floppy + floppy_t.done, 0);
  init_waitqueue_head(k, cpu, floppy + floppy_t.wait);

  slab.request_irq(FLOPPY_VECTOR, function* (cpu) {
    for (let i = 0; i < 7; i++) inb(k, cpu, FD_DATA); // the result; this driver trusts the disk
    cpu.store32(floppy + floppy_t.done, 1);
    yield* wake_up(k, cpu, floppy + floppy_t.wait);
  });
  yield* request_dma(k, cpu, FLOPPY_DMA);

  const buffer = yield* slab.kmalloc(cpu, SECTOR_SIZE, gfp);
  for (let i = 0; i < SECTOR_SIZE; i += 4) cpu.store32(buffer + i, 0); // so its lines are in the cache, Modified

  let flags = yield* claim_dma_lock(k, cpu);
  disable_dma(k, cpu, FLOPPY_DMA);
  clear_dma_ff(k, cpu, FLOPPY_DMA);
  set_dma_mode(k, cpu, FLOPPY_DMA, DMA_MODE_READ);
  set_dma_addr(k, cpu, FLOPPY_DMA, buffer);
  set_dma_count(k, cpu, FLOPPY_DMA, SECTOR_SIZE);
  enable_dma(k, cpu, FLOPPY_DMA);
  yield* release_dma_lock(k, cpu, flags);

  for (const byte of [FD_READ, 0, 0, 0, sector, 2, sector, 27, 0xff]) {
    while ((inb(k, cpu, FD_STATUS) & STATUS_READY) === 0);
    outb(k, cpu, byte, FD_DATA);
  }
  yield* wait_event(k, cpu, floppy + floppy_t.wait, () => cpu.load32(floppy + floppy_t.done) !== 0);

  flags = yield* claim_dma_lock(k, cpu);
  disable_dma(k, cpu, FLOPPY_DMA);
  clear_dma_ff(k, cpu, FLOPPY_DMA);
  const residue = get_dma_residue(k, cpu, FLOPPY_DMA);
  yield* release_dma_lock(k, cpu, flags);
  yield* free_dma(k, cpu, FLOPPY_DMA);

  let found = '';
  for (let i = 0; i < text.length; i++) found += String.fromCharCode(cpu.load8(buffer + i));
  yield* slab.kfree(cpu, buffer);
  yield* slab.kfree(cpu, floppy);
  return `read "${found.trim()}" to ${buffer < 16 * MiB ? 'below' : 'above'} 16 MB, ${residue} bytes left to move`;
}

function tell(memory: number, zone: 'GFP_DMA' | null): void {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory });
  const slab = boot(machine, '2.4.22', { isa: true });
  const { GFP_KERNEL, GFP_DMA } = slab.version.gfp;
  const gfp = GFP_KERNEL | (zone === null ? 0 : GFP_DMA);
  const cpu = machine.cpus[0]!;
  const image = Uint8Array.from({ length: 2 * SECTOR_SIZE }, (_, i) =>
    text.charCodeAt((i - SECTOR_SIZE) % text.length),
  );
  new FloppyController(machine, new IsaDma(machine), { image, line: machine.deviceLines.connect(FLOPPY_VECTOR, cpu) });

  console.log(`${memory / MiB} MB, kmalloc(${SECTOR_SIZE}, ${zone === null ? 'GFP_KERNEL' : 'GFP_KERNEL | GFP_DMA'}):`);
  const begun = cpu.clock;
  try {
    console.log(`  ${machine.run(cpu, readSector(slab, cpu, 2, gfp))}`);
    const { dmaInvalidations } = cpu.counters;
    const milliseconds = (cpu.clock - begun) / machine.model.mhz / 1000;
    console.log(`  the transfer took ${dmaInvalidations} lines from the cache; ${milliseconds.toFixed(1)} ms in all`);
  } catch (error) {
    if (!(error instanceof DmaRefused)) throw error;
    console.log(`  ${error.message}`);
  }
}

tell(64 * MiB, 'GFP_DMA');
tell(64 * MiB, null);
tell(16 * MiB, 'GFP_DMA');
tell(16 * MiB, null);
