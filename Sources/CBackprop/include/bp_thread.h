// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#ifndef BP_THREAD_H
#define BP_THREAD_H

/// Tells the processor that this thread is waiting in a loop.
static inline void bp_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Processors that this process may run on; at least 1.
int bp_processor_count(void);

#endif
