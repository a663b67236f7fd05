// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Fourier transforms for arm64: every such processor has NEON.

#if defined(__aarch64__)

#define BP_LEVEL bp_fft_neon

#include "bp_fft_level.h"

#endif
