#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef unsigned char u8;

typedef short unsigned int u16;

typedef unsigned int u32;

typedef long long unsigned int u64;

typedef struct {
	int counter;
} atomic_t;

struct sample_lock {
	union {
		u32 slock;
		struct {
			u8 locked;
			u8 pending;
			u16 tail;
		};
	};
};

typedef struct sample_lock spinlock_t;

enum state {
	NEW = 0,
	OLD = 1,
	GONE = 2,
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *);
};

struct name {
	u32 hash;
	u32 len;
	const unsigned char *name;
};

struct dentry {
	unsigned int d_flags;
	atomic_t d_count;
	struct name d_name;
	struct dentry *d_parent;
	unsigned char d_iname[20];
	u64 d_time;
	union {
		struct {
			u32 hash;
			u32 len;
		};
		u64 hash_len;
	};
	spinlock_t d_lock;
	union {
		struct list_head d_child;
		struct callback_head d_rcu;
	} d_u;
	enum state d_state;
	struct list_head d_lists[2];
};

struct bits {
	u8 first;
	unsigned int one: 1;
	unsigned int six: 6;
	short: 1;
	unsigned int nine: 9;
	long long int sixtyfour: 33;
	char last;
};

struct packed {
	char c;
	u64 wide;
	short int s;
	unsigned int b: 3;
	unsigned int d: 30;
} __attribute__((packed));

struct cold {
	int a;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	int hot;
	int (*handler)(int, void *);
	long double ld;
	double d;
	_Bool flag;
	char tail[0];
	long: 64;
	long: 64;
};

struct half {
	char c;
	struct packed p[2];
	int i;
	long: 0;
} __attribute__((packed));

struct tree {
	struct tree *left;
	struct {
		int depth;
		struct {
			char c;
			short int s;
		} inner[3];
	} at;
	const volatile void * const opaque;
	u8 m[6];
};

union either {
	u64 whole;
	u32 parts[2];
};

struct of_union {
	u32 before;
	union either e;
};

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
