/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of QEMU's plugin interface that touch-plugin.c uses, as docs/devel/tcg-plugins and
 * include/qemu/qemu-plugin.h of QEMU 7.2 give it: Debian has no package of the header.
 */
#ifndef QEMU_PLUGIN_API_H
#define QEMU_PLUGIN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 1 is understood by QEMU 4.2 to 8.2, 2 by 9.0 and later; what is used here is the same in both. */
#ifndef PLUGIN_API
#define PLUGIN_API 1
#endif

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

struct qemu_info {
	const char *target_name;
	struct {
		int min, cur;
	} version;
	bool system_emulation;
	struct { /* valid in system emulation alone */
		int smp_vcpus, max_vcpus;
	} system;
};

enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
enum { QEMU_PLUGIN_MEM_RW = 3 };

typedef void mem_callback(unsigned int cpu, uint32_t info, uint64_t address, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_callback *accessed, int flags, int rw,
				      void *data);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*executed)(unsigned int cpu, void *),
					  int flags, void *data);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);
void qemu_plugin_register_vcpu_idle_cb(plugin_id id, void (*idle)(plugin_id, unsigned int cpu));
void qemu_plugin_register_vcpu_resume_cb(plugin_id id, void (*resumed)(plugin_id, unsigned int cpu));
void qemu_plugin_register_atexit_cb(plugin_id id, void (*left)(plugin_id, void *), void *data);

#endif
