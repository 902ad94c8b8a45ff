/**
 * Packets come in: on the first CPU an interrupt handler takes an skb head from its cache and a buffer by kmalloc, both with
 * GFP_ATOMIC, and writes them, as alloc_skb() and a driver do; the last CPU, in process context, reads and frees both
 * (on a machine of one CPU, the same). As net/core/skbuff.c has it, the head is the cache's and the data are general.
 */

import { below, seeded } from '../../base/random.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { whole } from './parameter-types.ts';
import { defineWorkload } from './workload.ts';

/** The device's line, at an ordinary priority. */
const NETWORK_VECTOR = 0x41;
const HEADERS = 54; // Ethernet, IP, TCP

interface Packet {
  readonly skb: addr_t;
  readonly data: addr_t;
  readonly bytes: number;
  /** When the handler had it ready. */
  readonly at: number;
}

export default defineWorkload({
  name: 'packet-receive',
  summary: 'an interrupt handler allocates and fills packets, another context reads and frees them',
  parameters: {
    packets: whole(1, 10_000_000).default(5000).describe('packets that arrive'),
    period: whole(1000, 100_000_000).default(20_000).describe('cycles between two of them'),
    bytes: whole(64, 9000).default(1514).describe('the longest packet; lengths are drawn, from 64'),
    backlog: whole(1, 100_000).default(300).describe('packets that may wait; more are dropped (netdev_max_backlog)'),
  },
  // 160 bytes: struct sk_buff of 2.4 on i386.
  cache: { name: 'skbuff_head_cache', size: 160 },
  uses: ['object_size', 'touch'],
  cpus: 1,
  start(context, { packets, period, bytes: longest, backlog }) {
    const { allocator, cpus, touch } = context;
    const { GFP_ATOMIC } = allocator.version.gfp;
    const random = seeded(context.seed, 'lengths of packets');
    const waiting: Packet[] = [];
    let arrived = 0;
    return {
      run() {
        const [heads] = context.caches;
        const [receiver, reader] = [cpus[0], cpus.at(-1)!];
        allocator.request_irq(NETWORK_VECTOR, function* (cpu) {
          if (arrived === packets) return;
          arrived++;
          context.interrupted(cpu);
          const bytes = 64 + below(random, longest - 63);
          if (waiting.length >= backlog) return;
          const skb = yield* context.alloc(cpu, heads, GFP_ATOMIC);
          if (skb === NULL) return;
          const data = yield* allocator.kmalloc(cpu, bytes, GFP_ATOMIC);
          if (data === NULL) {
            context.failed++;
            yield* context.free(cpu, heads, skb);
            return;
          }
          for (let at = 0; at < bytes; at += 4) cpu.write(data + at, 4);
          waiting.push({ skb, data, bytes, at: cpu.clock });
          context.done();
        });
        const start = Math.max(...cpus.map(({ clock }) => clock));
        allocator.kernel.machine.startTimer(receiver, NETWORK_VECTOR, start + period, period);
        context.onEachCpu(function* (cpu) {
          if (cpu !== reader) return;
          for (;;) {
            yield* context.waitUntil(cpu, () => waiting.length > 0 || arrived === packets);
            const packet = waiting.shift();
            if (packet === undefined) return;
            cpu.idleUntil(packet.at);
            context.think(cpu);
            if (cpu.isAhead) yield context.leave(cpu);
            context.enter(cpu);
            touch.used(cpu, heads.number, packet.skb, heads.size);
            for (let at = 0; at < Math.min(HEADERS, packet.bytes); at += 4) cpu.read(packet.data + at, 4);
            yield* allocator.kfree(cpu, packet.data);
            yield* context.free(cpu, heads, packet.skb);
            context.done();
          }
        });
      },
    };
  },
});
