// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
// jpeglib.h needs FILE and size_t and does not include what declares them.
#include <stddef.h>
#include <stdio.h>
#include <jpeglib.h>
