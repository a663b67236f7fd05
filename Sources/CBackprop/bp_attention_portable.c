// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The rows of attention for whatever the compiler's own target is: portable C on x86-64, NEON on
// arm64.

#include <stdint.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

#define BP_LEVEL bp_attention_portable
#include "bp_attention_level.h"
