// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
#ifndef BP_KERNELS_H
#define BP_KERNELS_H
#endif
