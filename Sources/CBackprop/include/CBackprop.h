// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
// The CPU kernels' whole interface.
#ifndef CBACKPROP_H
#define CBACKPROP_H

#include "bp_attention.h"
#include "bp_conv.h"
#include "bp_fft.h"
#include "bp_gemm.h"
#include "bp_kernels.h"
#include "bp_pass.h"
#include "bp_thread.h"

#endif
