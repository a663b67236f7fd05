// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
#ifndef BP_GEMM_H
#define BP_GEMM_H
#endif
