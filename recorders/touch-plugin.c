// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU TCG plugin: records what a program, or a kernel, reads and writes inside its allocated objects.
 *
 *   -plugin touch-plugin.so,out=FILE[,max=RECORDS][,from=ALLOCATION][,pace=INSTRUCTIONS]
 *
 * Allocations and frees are told from inside the guest (event.h), by touch-shim.c in a program and by
 * kernel/touches.c in a kernel; of each access QEMU tells itself. A shadow of the guest's memory holds the
 * live object of every 8 bytes. All that happens to objects goes to FILE in one order, as records of 32
 * bytes, from which pack.mjs makes a trace.
 *
 * FILE is mapped, at its largest size, and cut to what was written at the end. So records are appended and
 * amended in place, and what was recorded is there however QEMU ends.
 */
#define _GNU_SOURCE
#include "event.h"
#include "qemu-plugin-api.h"
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((visibility("default"))) int qemu_plugin_version = PLUGIN_API;

/* Read by pack.mjs. */
struct record {
	uint64_t pc;     /* of an access; of an allocation or free: who called the allocator */
	uint64_t at;     /* offset of an access; bytes asked for of an allocation */
	uint32_t object; /* from 1 */
	uint32_t thread;
	uint32_t bytes; /* of an access; of an allocation: its cache */
	uint8_t kind;
	uint8_t cpu;
	uint8_t flags; /* of event.h: of an allocation; EVENT_ZERO of a write: zeroing for its allocation */
	uint8_t unused;
};

enum record_kind {
	READ = 'r',
	WRITE = 'w',
	MODIFY = 'm',
	ALLOC = 'a',
	FREE = 'f',
	BORN = 'b',   /* allocated before the recording; told when the object is first touched or freed */
	UNSEEN = 'u', /* its memory is given out again: its free was not seen, or it was none (slots told as born) */
	END = '.',    /* of the run; missing where the recording was cut */
};

struct object {
	uint64_t base;
	uint64_t bytes; /* asked for */
	uint32_t cache;
	bool born; /* before the recording */
	bool told;
};

/* Accesses may reach to the next multiple of 8. */
static inline uint64_t extent(const struct object *object)
{
	return (object->bytes + 7) & ~7UL;
}

/* Stores of the same width, one after the other, to memory in which nothing is known to live. */
struct run {
	uint64_t from, to, pc;
	uint32_t each;
};

#define CPUS 256 /* threads that a program has at the same time; a record has 8 bits for them */
#define RUNS 256 /* an interrupt's fit in */
#define OBJECTS (1u << 26)

static struct vcpu {
	uint8_t event[sizeof(struct event)];
	uint32_t thread;
	struct record *last;
	struct run runs[RUNS];
	unsigned int next_run;
	/* Pace: written by this CPU, read by others. */
	volatile uint64_t executed;
	volatile bool busy;
} __attribute__((aligned(64))) vcpus[CPUS];

static bool system_mode;
static unsigned int cpu_count; /* in system mode */
static uint64_t table;
static uint64_t pace;
static uint64_t from = 1;
static uint64_t max = 30000000; /* records, without END */

/* Held while any of the following changes: it makes the one order of events and accesses. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile bool recording;
static bool over; /* or a forked child, whose parent owns the file */
static int file = -1;
static struct record *records;
static uint64_t record_count;
static struct object *objects;
static uint32_t object_count = 1;
static uint64_t unknown_frees, unseen_frees;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list arguments;

	fputs("touch-plugin: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* What was recorded until now remains. */
#define give_up(format, count)                                          \
	do {                                                            \
		say(format " are more than can be recorded", count);    \
		_exit(1);                                               \
	} while (0)

static void *reserve(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		say("no room for %zu bytes", bytes);
		exit(1);
	}
	return memory;
}

/*
 * The shadow: a word for each 8 bytes of the 47 bits that an address has apart from its sign, in leaves
 * of 16 MB. The kernel's own addresses and, in its user mode, a program's do not meet: see kernel_address.
 */
#define LEAF_SHIFT 24
static uint32_t *leaves[1UL << (47 - LEAF_SHIFT)];

static inline uint32_t **leaf_of(uint64_t address)
{
	return &leaves[(address & ((1UL << 47) - 1)) >> LEAF_SHIFT];
}

static inline unsigned long index_in_leaf(uint64_t address)
{
	return (address & ((1UL << LEAF_SHIFT) - 1)) >> 3;
}

static inline uint32_t object_at(uint64_t address)
{
	uint32_t *leaf = __atomic_load_n(leaf_of(address), __ATOMIC_RELAXED);

	return leaf ? __atomic_load_n(&leaf[index_in_leaf(address)], __ATOMIC_RELAXED) : 0;
}

static void set_object(uint64_t address, uint32_t object)
{
	uint32_t **leaf = leaf_of(address);

	if (!*leaf)
		*leaf = reserve(((1UL << LEAF_SHIFT) >> 3) * sizeof(**leaf));
	(*leaf)[index_in_leaf(address)] = object;
}

static inline bool kernel_address(uint64_t address)
{
	return (int64_t)address < 0;
}

/* The kernel's map of all memory, in which slabs lie; its stacks and modules lie elsewhere. */
static inline bool in_direct_map(uint64_t address)
{
	return address - 0xffff888000000000UL < 1UL << 46;
}

/* An object of no bytes has a place too. */
static void set_objects(uint64_t base, uint64_t bytes, uint32_t object)
{
	set_object(base, object);
	for (uint64_t at = 8; at < bytes; at += 8)
		set_object(base + at, object);
}

static struct record *append(unsigned int cpu, struct record record)
{
	if (!recording)
		return NULL;
	if (record_count == max && record.kind != END) {
		say("%" PRIu64 " records are written; the rest of the run is not recorded (max=)", record_count);
		recording = false;
		return NULL;
	}
	record.cpu = cpu;
	record.thread = vcpus[cpu].thread;
	records[record_count] = record;
	return vcpus[cpu].last = &records[record_count++];
}

static void tell_born(unsigned int cpu, uint32_t id)
{
	struct object *object = &objects[id];

	if (!recording || !object->born || object->told)
		return;
	object->told = true;
	append(cpu, (struct record){ .kind = BORN, .object = id, .at = object->bytes, .bytes = object->cache });
}

static void end_unseen(unsigned int cpu, uint32_t id)
{
	struct object *object = &objects[id];

	if (!object->born)
		unseen_frees++;
	if (!object->born || object->told)
		append(cpu, (struct record){ .kind = UNSEEN, .object = id });
	set_objects(object->base, extent(object), 0);
}

static void start(void)
{
	if (!over)
		recording = true;
}

static void stop(void)
{
	bool whole = recording;

	if (over)
		return;
	append(0, (struct record){ .kind = END });
	recording = false;
	over = true;
	if (ftruncate(file, record_count * sizeof(*records)) != 0)
		say("the recording cannot be cut to its size");
	say("%" PRIu64 " records%s, %u objects, %" PRIu64 " frees unseen, %" PRIu64 " frees of unknown objects", record_count,
	    whole ? "" : record_count == 0 ? " (it was never started)" : " (cut)", object_count - 1, unseen_frees,
	    unknown_frees);
}

/*
 * Zeroing on request is over when the kernel's allocator tells of the allocation, so the last stores of each
 * CPU to memory of no object are remembered.
 */
static void remember_store(struct vcpu *v, uint64_t address, uint32_t bytes, uint64_t pc)
{
	struct run *last = &v->runs[(v->next_run + RUNS - 1) % RUNS];

	if (last->each == bytes && last->to == address && last->pc == pc) {
		last->to += bytes;
	} else {
		v->runs[v->next_run] = (struct run){ address, address + bytes, pc, bytes };
		v->next_run = (v->next_run + 1) % RUNS;
	}
}

static inline uint64_t overlap(const struct run *run, uint64_t begin, uint64_t end)
{
	uint64_t from = run->from > begin ? run->from : begin, to = run->to < end ? run->to : end;

	return from < to ? to - from : 0;
}

static void append_zeroing(unsigned int cpu, uint32_t id)
{
	uint64_t begin = objects[id].base, end = begin + extent(&objects[id]), covered = 0;
	struct vcpu *v = &vcpus[cpu];
	unsigned int back = 0;

	/* No further back than needed: what lies before may be of an earlier life of this memory. */
	while (back < RUNS && covered < end - begin)
		covered += overlap(&v->runs[(v->next_run + RUNS - ++back) % RUNS], begin, end);
	for (; back > 0; back--) {
		struct run *run = &v->runs[(v->next_run + RUNS - back) % RUNS];

		if (overlap(run, begin, end) == 0)
			continue;
		for (uint64_t at = run->from; at < run->to; at += run->each)
			if (at >= begin && at + run->each <= end)
				append(cpu, (struct record){ .kind = WRITE, .object = id, .pc = run->pc, .at = at - begin,
							     .bytes = run->each, .flags = EVENT_ZERO });
		*run = (struct run){ 0 };
	}
}

static void on_alloc(unsigned int cpu, const struct event *event)
{
	uint32_t id = object_count++;
	struct object *object = &objects[id];

	if (id >= OBJECTS)
		give_up("%u objects", id);
	if (!system_mode && id == from)
		start();
	*object = (struct object){
		.base = event->pointer, .bytes = event->bytes, .cache = event->number, .born = !recording
	};
	for (uint64_t at = 0; at == 0 || at < extent(object); at += 8)
		if (object_at(object->base + at))
			end_unseen(cpu, object_at(object->base + at));
	set_objects(object->base, extent(object), id);
	if (!recording || event->kind == EVENT_BORN)
		return;
	append(cpu, (struct record){ .kind = ALLOC, .object = id, .pc = event->site, .at = event->bytes,
				     .bytes = event->number, .flags = event->flags });
	if (event->flags & EVENT_ZERO)
		append_zeroing(cpu, id);
}

static void on_free(unsigned int cpu, const struct event *event)
{
	uint32_t id = object_at(event->pointer);

	if (!id) {
		unknown_frees += recording;
		return;
	}
	tell_born(cpu, id);
	append(cpu, (struct record){ .kind = FREE, .object = id, .pc = event->site });
	set_objects(objects[id].base, extent(&objects[id]), 0);
}

static void on_pages(unsigned int cpu, const struct event *event)
{
	for (uint64_t at = 0; at < event->bytes; at += 8)
		if (object_at(event->pointer + at))
			end_unseen(cpu, object_at(event->pointer + at));
}

static void on_event(unsigned int cpu, const struct event *event)
{
	switch (event->kind) {
	case EVENT_ALLOC:
	case EVENT_BORN:
		on_alloc(cpu, event);
		break;
	case EVENT_FREE:
		on_free(cpu, event);
		break;
	case EVENT_PAGES:
		on_pages(cpu, event);
		break;
	case EVENT_THREAD:
		vcpus[cpu].thread = event->number;
		break;
	case EVENT_START:
		start();
		break;
	case EVENT_STOP:
		stop();
		break;
	}
}

static void on_byte_of_event(unsigned int cpu, uint64_t position, uint8_t value)
{
	struct vcpu *v = &vcpus[cpu];
	struct event event;

	if (position < sizeof(v->event)) {
		v->event[position] = value;
		return;
	}
	memcpy(&event, v->event, sizeof(event));
	pthread_mutex_lock(&lock);
	on_event(cpu, &event);
	pthread_mutex_unlock(&lock);
}

/* Of at most 8 bytes. One that begins before its object or ends behind it (string functions read ahead) is cut to it. */
static void on_access(unsigned int cpu, uint8_t kind, uint64_t address, uint32_t bytes, uint64_t pc)
{
	struct vcpu *v = &vcpus[cpu];
	uint32_t id = object_at(address) ? object_at(address) : object_at(address + bytes - 1);
	struct object *object = &objects[id];
	uint64_t begin, end;

	if (system_mode && kind == WRITE && (!id || object->born))
		remember_store(v, address, bytes, pc);
	if (!id)
		return;
	begin = address > object->base ? address - object->base : 0;
	end = address + bytes - object->base;
	if (end > extent(object))
		end = extent(object);
	if (begin >= end)
		return;
	tell_born(cpu, id);
	/* The write of an instruction that read the same bytes just before. */
	if (kind == WRITE && v->last && v->last->kind == READ && v->last->pc == pc && v->last->object == id &&
	    v->last->at == begin && v->last->bytes == end - begin) {
		v->last->kind = MODIFY;
		return;
	}
	append(cpu, (struct record){ .kind = kind, .object = id, .pc = pc, .at = begin, .bytes = end - begin });
}

static void on_memory(unsigned int cpu, uint32_t info, uint64_t address, void *pc)
{
	uint32_t bytes = 1u << qemu_plugin_mem_size_shift(info);
	uint8_t kind;

	if (over)
		return;
	if (cpu >= CPUS)
		give_up("%u threads", cpu + 1);
	if (address - table < EVENT_TABLE_BYTES) {
		on_byte_of_event(cpu, (address - table) >> 8, (address - table) & 255);
		return;
	}
	if (!recording || (system_mode && !in_direct_map(address)))
		return;
	kind = qemu_plugin_mem_is_store(info) ? WRITE : READ;
	/* An atomic operation comes as one access with both bits of its direction, which no function asks for. */
	if (info >> 16 == QEMU_PLUGIN_MEM_RW)
		kind = MODIFY;
	if (!system_mode && !object_at(address) && !object_at(address + bytes - 1))
		return; /* looked at again under the lock; stacks and static data end here */
	pthread_mutex_lock(&lock);
	for (uint32_t at = 0; at < bytes; at += 8)
		on_access(cpu, kind, address + at, bytes < 8 ? bytes : 8, (uintptr_t)pc);
	pthread_mutex_unlock(&lock);
}

/*
 * Pace: a CPU that is more than `pace` instructions ahead of another busy one waits for it, so that they run
 * side by side however the host schedules them; else one runs for thousands of accesses while the other stands
 * still, perhaps with a lock. One that does not move for a while is not waited for: it may itself wait
 * until this CPU leaves the translated code.
 */
#define PATIENCE 20000 /* times that the host may run something else */

static struct vcpu *laggard(struct vcpu *v)
{
	for (struct vcpu *other = vcpus; other < vcpus + cpu_count; other++)
		if (other->busy && v->executed > other->executed + pace)
			return other;
	return NULL;
}

static void on_block(unsigned int cpu, void *instructions)
{
	struct vcpu *v = &vcpus[cpu], *other;
	uint64_t seen = 0;
	int patience = PATIENCE;

	v->executed += (uintptr_t)instructions;
	while (recording && (other = laggard(v))) {
		if (other->executed != seen) {
			seen = other->executed;
			patience = PATIENCE;
		} else if (--patience == 0) {
			v->executed = other->executed;
			break;
		}
		sched_yield();
	}
}

static void on_idle(plugin_id id, unsigned int cpu)
{
	(void)id;
	vcpus[cpu].busy = false;
}

static void on_resume(plugin_id id, unsigned int cpu)
{
	(void)id;
	for (unsigned int other = 0; other < cpu_count; other++)
		if (vcpus[other].executed > vcpus[cpu].executed)
			vcpus[cpu].executed = vcpus[other].executed;
	vcpus[cpu].busy = true;
}

static void on_translated(plugin_id id, struct qemu_plugin_tb *block)
{
	size_t count = qemu_plugin_tb_n_insns(block);

	(void)id;
	if (pace)
		qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, QEMU_PLUGIN_CB_NO_REGS, (void *)count);
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint64_t pc = qemu_plugin_insn_vaddr(insn);

		if (system_mode && !kernel_address(pc))
			continue;
		qemu_plugin_register_vcpu_mem_cb(insn, on_memory, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, (void *)pc);
	}
}

static void on_exit_of_guest(plugin_id id, void *data)
{
	(void)id;
	(void)data;
	pthread_mutex_lock(&lock);
	stop();
	pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
	over = true;
	recording = false;
}

static bool option(const char *argument, const char *name, const char **value)
{
	size_t length = strlen(name);

	*value = argument + length + 1;
	return strncmp(argument, name, length) == 0 && argument[length] == '=';
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc,
								char **argv)
{
	const char *name = NULL, *value;

	for (int i = 0; i < argc; i++) {
		if (option(argv[i], "out", &value))
			name = value;
		else if (option(argv[i], "max", &value))
			max = strtoull(value, NULL, 10);
		else if (option(argv[i], "from", &value))
			from = strtoull(value, NULL, 10);
		else if (option(argv[i], "pace", &value))
			pace = strtoull(value, NULL, 10);
		else {
			say("no option is called %s; there are out, max, from and pace", argv[i]);
			return 1;
		}
	}
	if (!name || max == 0 || from == 0) {
		say("out=FILE is needed, and numbers are above 0");
		return 1;
	}
	if (strcmp(info->target_name, "x86_64") != 0) {
		say("the guest is %s; x86_64 is recorded alone", info->target_name);
		return 1;
	}
	system_mode = info->system_emulation;
	cpu_count = system_mode ? info->system.smp_vcpus : 0;
	table = system_mode ? KERNEL_TABLE : PROGRAM_TABLE;
	if (cpu_count > CPUS) {
		say("%u CPUs; up to %u can be recorded", cpu_count, CPUS);
		return 1;
	}
	file = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0 || ftruncate(file, (max + 1) * sizeof(*records)) != 0) {
		perror(name);
		return 1;
	}
	records = mmap(NULL, (max + 1) * sizeof(*records), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (records == MAP_FAILED) {
		perror(name);
		return 1;
	}
	objects = reserve(OBJECTS * sizeof(*objects));
	for (unsigned int cpu = 0; !system_mode && cpu < CPUS; cpu++)
		vcpus[cpu].thread = cpu;
	pthread_atfork(NULL, NULL, in_child);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
	qemu_plugin_register_atexit_cb(id, on_exit_of_guest, NULL);
	if (system_mode && pace) {
		qemu_plugin_register_vcpu_idle_cb(id, on_idle);
		qemu_plugin_register_vcpu_resume_cb(id, on_resume);
	} else {
		pace = 0;
	}
	return 0;
}
