// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#ifndef BP_PASS_SHAPE_H
#define BP_PASS_SHAPE_H

#include "bp_pass_internal.h"

/// Whether tiles are dense or padded: what the operands' classes depend on.
void bp_choose_walk(bp_program *program, int for_regions);
/// The tiles' and units' sizes and the scratch, once the tiles are counted. `cost`: ns per element.
void bp_choose_tiles(bp_program *program, double cost);

#endif
