// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution for any processor.

#define BP_LEVEL bp_conv_portable
#define BP_LANES 4
#define BP_CHAIN_ROWS 4

#include "bp_conv_level.h"
