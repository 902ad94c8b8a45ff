// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest kernel module (Linux 6.1, x86-64, SLUB, nokaslr): tells the plugin (event.h) of every allocation and
 * free of slab objects and kmalloc, of the pages that go back, and of the task on each CPU.
 *
 *   echo start >/proc/touches    what is recorded lies between these
 *   echo stop >/proc/touches
 *   cat /proc/touches            "c NUMBER BYTES NAME" of each cache, for pack.mjs
 *
 * The allocator has no tracepoints of its bulk functions, so those are probed.
 */
#include "../event.h"
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#error "the arguments of the tracepoints and struct slab are those of Linux 6.1"
#endif

/* mm/slab.h is in no package of headers; this is the head of its struct slab in 6.1, and slub_def.h needs it. */
struct slab {
	unsigned long __page_flags;
	struct list_head slab_list;
	struct kmem_cache *slab_cache;
	void *freelist;
	unsigned inuse:16;
	unsigned objects:15;
	unsigned frozen:1;
};

static inline void *slab_address(const struct slab *slab)
{
	return page_address((struct page *)slab);
}

#include <linux/slub_def.h>

/* Interrupts allocate too: an event must not be told in the middle of another. */
static void tell_plugin(struct event event)
{
	unsigned long flags;

	local_irq_save(flags);
	tell(KERNEL_TABLE, &event);
	local_irq_restore(flags);
}

/*
 * Caches have numbers, from 1, in the order in which they are first seen. A kmalloc is told without its cache,
 * so its size class stands for it.
 */
struct seen_cache {
	u64 key;
	u32 bytes;
	char name[52];
};

static struct seen_cache caches[1024];
static u32 cache_count;
static DEFINE_RAW_SPINLOCK(caches_lock);

/* The place of a key in a table that is never full, or the free place where it belongs. */
static u32 place_of(u64 key)
{
	u32 at = (key * GOLDEN_RATIO_64) >> 54;

	while (smp_load_acquire(&caches[at].key) != 0 && caches[at].key != key)
		at = (at + 1) % ARRAY_SIZE(caches);
	return at;
}

static bool is_known(u64 key)
{
	return caches[place_of(key)].key == key;
}

static u32 number_of(u64 key)
{
	return place_of(key) + 1;
}

static void add_cache(u64 key, u32 bytes, const char *name)
{
	unsigned long flags;
	u32 at;

	raw_spin_lock_irqsave(&caches_lock, flags);
	at = place_of(key);
	if (caches[at].key == 0) { /* no other CPU was first */
		if (++cache_count == ARRAY_SIZE(caches))
			panic("touches: too many caches");
		caches[at].bytes = bytes;
		strscpy(caches[at].name, name, sizeof(caches[at].name));
		smp_store_release(&caches[at].key, key);
	}
	raw_spin_unlock_irqrestore(&caches_lock, flags);
}

static u32 number_of_cache(const struct kmem_cache *s)
{
	u64 key = (u64)s;

	if (!is_known(key))
		add_cache(key, s->object_size, s->name);
	return number_of(key);
}

static u32 number_of_kmalloc(size_t bytes, gfp_t gfp)
{
	bool large = bytes > KMALLOC_MAX_CACHE_SIZE;
	bool reclaimable = !large && (gfp & __GFP_RECLAIMABLE);
	u64 key = large ? 1 : bytes << 2 | reclaimable << 1 | 1; /* odd: no address */
	char name[32];

	if (!is_known(key)) {
		if (large)
			strscpy(name, "kmalloc-large", sizeof(name));
		else
			snprintf(name, sizeof(name), bytes < 1024 ? "kmalloc-%s%zu" : "kmalloc-%s%zuk",
				 reclaimable ? "rcl-" : "", bytes < 1024 ? bytes : bytes / 1024);
		add_cache(key, large ? 0 : bytes, name);
	}
	return number_of(key);
}

static void tell_alloc(const void *object, u32 cache, size_t bytes, gfp_t gfp, unsigned long site)
{
	tell_plugin((struct event){
		.kind = EVENT_ALLOC,
		.pointer = (u64)object,
		.bytes = bytes,
		.site = site,
		.number = cache,
		.flags = (gfp & __GFP_ZERO ? EVENT_ZERO : 0) | (gfp & __GFP_DIRECT_RECLAIM ? 0 : EVENT_NO_WAIT),
	});
}

static void tell_free(const void *object, unsigned long site)
{
	tell_plugin((struct event){ .kind = EVENT_FREE, .pointer = (u64)object, .site = site });
}

static void on_cache_alloc(void *data, unsigned long site, const void *object, struct kmem_cache *s, gfp_t gfp,
			   int node)
{
	if (object)
		tell_alloc(object, number_of_cache(s), s->object_size, gfp, site);
}

static void on_kmalloc(void *data, unsigned long site, const void *object, size_t bytes, size_t bytes_alloc, gfp_t gfp,
		       int node)
{
	if (!ZERO_OR_NULL_PTR(object))
		tell_alloc(object, number_of_kmalloc(bytes_alloc, gfp), bytes, gfp, site);
}

static void on_cache_free(void *data, unsigned long site, const void *object, const struct kmem_cache *s)
{
	if (object)
		tell_free(object, site);
}

static void on_kfree(void *data, unsigned long site, const void *object)
{
	if (!ZERO_OR_NULL_PTR(object))
		tell_free(object, site);
}

static void on_page_free(void *data, struct page *page, unsigned int order)
{
	tell_plugin((struct event){
		.kind = EVENT_PAGES, .pointer = (u64)page_address(page), .bytes = PAGE_SIZE << order });
}

static void tell_thread(u32 pid)
{
	tell_plugin((struct event){ .kind = EVENT_THREAD, .number = pid });
}

static void on_switch(void *data, bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int state)
{
	tell_thread(next->pid);
}

struct bulk {
	struct kmem_cache *s;
	void **objects;
	gfp_t gfp;
	unsigned long site;
};

/* int kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t flags, size_t size, void **p) */
static int on_bulk_alloc(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(struct bulk *)ri->data = (struct bulk){
		.s = (struct kmem_cache *)regs->di,
		.objects = (void **)regs->cx,
		.gfp = regs->si,
		.site = get_kretprobe_retaddr(ri),
	};
	return 0;
}

static int on_bulk_allocated(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct bulk *bulk = (struct bulk *)ri->data;
	int i, count = regs_return_value(regs);

	for (i = 0; i < count; i++)
		tell_alloc(bulk->objects[i], number_of_cache(bulk->s), bulk->s->object_size, bulk->gfp, bulk->site);
	return 0;
}

/* void kmem_cache_free_bulk(struct kmem_cache *s, size_t size, void **p) */
static int on_bulk_free(struct kprobe *kp, struct pt_regs *regs)
{
	void **objects = (void **)regs->dx;
	size_t i;

	for (i = 0; i < regs->si; i++)
		if (!ZERO_OR_NULL_PTR(objects[i]))
			tell_free(objects[i], *(unsigned long *)regs->sp);
	return 0;
}

static struct kretprobe bulk_alloc = {
	.kp.symbol_name = "kmem_cache_alloc_bulk",
	.entry_handler = on_bulk_alloc,
	.handler = on_bulk_allocated,
	.data_size = sizeof(struct bulk),
	.maxactive = 64,
};

static struct kprobe bulk_free = {
	.symbol_name = "kmem_cache_free_bulk",
	.pre_handler = on_bulk_free,
};

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tracepoint;
} probes[] = {
	{ "kmem_cache_alloc", on_cache_alloc },
	{ "kmem_cache_free", on_cache_free },
	{ "kmalloc", on_kmalloc },
	{ "kfree", on_kfree },
	{ "mm_page_free", on_page_free },
	{ "sched_switch", on_switch },
};

static void find_tracepoint(struct tracepoint *tracepoint, void *data)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (strcmp(tracepoint->name, probes[i].name) == 0)
			probes[i].tracepoint = tracepoint;
}

/*
 * Every slot of every slab, for an object may live in it. Which are free only the allocator knows; one in which
 * an object is made before one is freed was free, and pack.mjs leaves it out.
 */
#define GUEST_BYTES (4UL << 30) /* at most */

static void tell_slots(void)
{
	unsigned long pfn;

	for (pfn = 0; pfn < GUEST_BYTES >> PAGE_SHIFT; pfn++) {
		struct page *page = pfn_to_online_page(pfn);
		struct slab *slab = (struct slab *)page;
		struct kmem_cache *s;
		u32 i;

		if (!page || PageTail(page) || !PageSlab(page))
			continue;
		s = READ_ONCE(slab->slab_cache);
		if (!s)
			continue;
		for (i = 0; i < slab->objects; i++)
			tell_plugin((struct event){
				.kind = EVENT_BORN,
				.pointer = (u64)slab_address(slab) + s->red_left_pad + (u64)i * s->size,
				.bytes = s->object_size,
				.number = number_of_cache(s),
			});
	}
}

/* Of what memory a tracepoint reads its probe: not the workload's. The array stands behind a struct rcu_head. */
static void hide_probes(struct tracepoint *tracepoint)
{
	tell_free((char *)tracepoint->funcs - sizeof(struct rcu_head), 0);
}

static void tell_this_thread(void *unused)
{
	tell_thread(current->pid);
}

static ssize_t on_command(struct file *file, const char __user *text, size_t bytes, loff_t *at)
{
	char command[8] = "";

	if (copy_from_user(command, text, min(bytes, sizeof(command) - 1)))
		return -EFAULT;
	if (strcmp(strim(command), "start") == 0) {
		on_each_cpu(tell_this_thread, NULL, 1);
		tell_plugin((struct event){ .kind = EVENT_START });
	} else if (strcmp(strim(command), "stop") == 0) {
		tell_plugin((struct event){ .kind = EVENT_STOP });
	} else {
		return -EINVAL;
	}
	return bytes;
}

static int show_caches(struct seq_file *m, void *unused)
{
	u32 at;

	for (at = 0; at < ARRAY_SIZE(caches); at++)
		if (caches[at].key)
			seq_printf(m, "c %u %u %s\n", at + 1, caches[at].bytes, caches[at].name);
	return 0;
}

static int on_open(struct inode *inode, struct file *file)
{
	return single_open(file, show_caches, NULL);
}

static const struct proc_ops touches_ops = {
	.proc_open = on_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = on_command,
};

/* Never unloaded: the guest ends with its recording. */
static int __init touches_init(void)
{
	int i, error;

	for_each_kernel_tracepoint(find_tracepoint, NULL);
	error = register_kretprobe(&bulk_alloc);
	if (!error)
		error = register_kprobe(&bulk_free);
	if (!error && !proc_create("touches", 0600, NULL, &touches_ops))
		error = -ENOMEM;
	if (error)
		return error;
	tell_slots();
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].tracepoint)
			panic("touches: no tracepoint %s", probes[i].name);
		error = tracepoint_probe_register(probes[i].tracepoint, probes[i].probe, NULL);
		if (error)
			panic("touches: %s: %d", probes[i].name, error);
	}
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		hide_probes(probes[i].tracepoint);
	return 0;
}

module_init(touches_init);
MODULE_DESCRIPTION("Tells a QEMU plugin of slab allocations");
MODULE_LICENSE("GPL");
