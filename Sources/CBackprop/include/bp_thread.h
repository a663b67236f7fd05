// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#ifndef BP_THREAD_H
#define BP_THREAD_H

#include <stddef.h>

/// Tells the processor that this thread is waiting in a loop.
static inline void bp_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Lets this thread take subnormal numbers as zero (operands and results), or not; returns what was
/// set before, for bp_subnormals_restore. Arithmetic on subnormals takes a hundred cycles on many
/// processors, and the moments of an optimizer decay into them.
unsigned long bp_subnormals_flush(void);
void bp_subnormals_restore(unsigned long before);

/// Asks the system for pages of 2 MiB behind a block of memory, where it has them.
void bp_use_large_pages(void *block, size_t bytes);

/// Seconds by a clock that never goes back.
double bp_seconds(void);

/// Processors that this process may run on; at least 1.
int bp_processor_count(void);

#endif
