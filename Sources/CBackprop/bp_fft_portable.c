// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Fourier transforms for any processor.

#define BP_LEVEL bp_fft_portable

#include "bp_fft_level.h"
