/* Structures as kernels have them, for tests of what reads layouts: nothing of them is any kernel's. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef struct { int counter; } atomic_t;
typedef struct sample_lock { union { u32 slock; struct { u8 locked; u8 pending; u16 tail; }; }; } spinlock_t;
enum state { NEW, OLD, GONE };
struct list_head { struct list_head *next, *prev; };
struct callback_head { struct callback_head *next; void (*func)(struct callback_head *head); };

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
		struct { u32 hash, len; };
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
	unsigned int one : 1;
	unsigned int six : 6;
	u16 : 0;
	unsigned int nine : 9;
	long long sixtyfour : 33;
	char last;
};

struct packed {
	char c;
	u64 wide;
	short s;
	unsigned int b : 3;
	unsigned int d : 30;
} __attribute__((packed));

struct cold {
	int a;
	int hot __attribute__((aligned(64)));
	int (*handler)(int, void *);
	long double ld;
	double d;
	_Bool flag;
	char tail[];
};

struct half { char c; struct packed p[2]; int i; } __attribute__((packed, aligned(4)));

struct tree { struct tree *left; struct { int depth; struct { char c; short s; } inner[3]; } at; const volatile void *const opaque; u8 m[2][3]; };

union either { u64 whole; u32 parts[2]; };
struct of_union { u32 before; union either e; };

struct dentry dentry; struct bits bits; struct packed packed; struct cold cold; struct half half; struct tree tree; struct of_union of_union;
