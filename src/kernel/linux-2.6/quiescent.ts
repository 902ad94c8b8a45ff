/** What RCU waits for of each CPU (kernel/rcupdate.c): a moment at which it surely is in no reader's section. */
import type { Cpu } from '../../hw/cpu.ts';
import type { Linux26 } from './kernel.ts';
import { __get_cpu_var } from './percpu.ts';

/** This CPU passes a quiescent state. */
export function rcu_qsctr_inc(k: Linux26, cpu: Cpu): void {
  cpu.store32(__get_cpu_var(k, cpu, k.per_cpu__rcu_data) + k.rcu_data.passed_quiesc, 1);
}
