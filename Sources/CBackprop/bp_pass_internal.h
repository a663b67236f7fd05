// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What a compiled pass consists of. A program is a list of steps over a table of places (pointers
// to tiles, to tensors in memory, to values per row, to single values); for each tile the driver
// sets the pointers that move and runs the steps.

#ifndef BP_PASS_INTERNAL_H
#define BP_PASS_INTERNAL_H

#include "include/bp_pass.h"

/// Lanes of a vector: every step works on a multiple of this many elements.
enum { BP_LANES = 16, BP_ROW_BUFFER = 64, BP_COLUMN_BLOCK_ROWS = 256 };

typedef struct bp_step bp_step;
typedef struct bp_frame bp_frame;
typedef void (*bp_kernel)(const bp_step *step, const bp_frame *frame);

/// One instruction of a compiled program: places d, a, b, c.
struct bp_step {
  bp_kernel run;
  uint16_t d, a, b, c;
  uint16_t access;    // loads and stores: which operand; INDEX_DIM: which dim
  uint8_t per_row;    // works on one value per row
  uint8_t invariant;  // a load that is still good if the tile has the same place and shape
};

/// An operand in memory, its strides sorted by their role in the layout.
typedef struct bp_access {
  uint32_t slot, dtype, size, kind, class;
  int64_t offset, outer[BP_MAX_RANK], row, col;   // elements
  uint8_t is_output, in_place;
  uint16_t place, shadow;                         // in place: the pointer; the tile to copy through
} bp_access;

/// The tile at hand. `n` is a multiple of 16; `rows` runs of it, a row stride of each place apart.
struct bp_frame {
  uint32_t **place;
  int64_t *stride;              // elements from row to row, per place
  int64_t n, rows;
  int64_t tile_rows, tile_cols; // the rectangle of the iteration space, and its tiles' row pitch
  int64_t pitch;
  int64_t linear, linear_row;   // position of its first element; what a row adds
  int64_t run_rows, run_cols;   // the same rectangle as runs of consecutive positions
  char **memory;                // address of the tile's first element, per access
  const struct bp_program *program;
};

typedef struct bp_column {
  uint16_t access, place;
  uint8_t is_max, is_int;
} bp_column;

/// How the iteration space lies: outer dims, rows, columns.
typedef struct bp_layout {
  uint32_t outer_rank;
  int64_t outer_dims[BP_MAX_RANK], outer, rows, cols;
} bp_layout;

typedef struct bp_program {
  const struct bp_level_table *level;
  bp_layout layout;
  uint32_t mode;
  uint8_t dense;                // tiles hold whole rows without gaps
  uint8_t padded;               // every tile goes through copies (rows that are no multiple of 16)
  int64_t tile_cols, tile_rows; // of the main part
  int64_t tile_words;           // room in a tile
  int64_t unit_rows, unit_cols, unit_outer, units;
  double unit_cost;
  uint32_t n_places, n_tiles, n_row_buffers, n_scalars, n_access, n_prologue, n_steps, n_columns;
  uint32_t first_tile, first_row_buffer, first_scalar;
  int64_t pitch_tile;           // elements in a tile of the ordinary size
  size_t tiles_at, columns_at;  // bytes into the scratch
  uint16_t *scalar_place;       // per entry of the scalar table
  uint32_t n_table;
  uint32_t rank;                // the description's own dims, for INDEX_DIM
  int64_t dims[BP_MAX_RANK];
  bp_access *access;
  bp_step *prologue, *steps;
  bp_column *columns;
  uint8_t *single_row_tile;     // per tile: holds one row for all (row stride 0)
  size_t scratch;
} bp_program;

struct bp_pass {
  bp_program *main, *region;
};

/// One SIMD level's code. op[o][m]: bit i of m set where operand i is one value per run.
typedef struct bp_level_table {
  bp_kernel op[BP_OP_COUNT][8];
  bp_kernel load, load_row, store, store_row, column_sum, column_max, column_sum_i, column_max_i;
  void (*copy_in)(
      uint32_t *tile, int64_t pitch, const char *memory, const bp_access *access, int64_t row,
      int64_t rows, int64_t cols);
  void (*copy_out)(
      const uint32_t *tile, int64_t pitch, int64_t step, char *memory, const bp_access *access,
      int64_t rows, int64_t cols);
  uint32_t (*reduce)(int reduction, int is_int, const uint32_t *x, int64_t n);
  double speed;                 // cost factor against AVX2
} bp_level_table;

/// The code for a level, or the best below it that this program has.
const bp_level_table *bp_level_code(int level);
extern const bp_level_table bp_level_portable;
#if defined(__x86_64__)
extern const bp_level_table bp_level_avx2, bp_level_avx512;
#endif

/// An operand's strides over the layout's dims.
typedef int64_t stride_table_row[BP_MAX_RANK + 2];

/// Compiles a checked description; for whole runs, or for rectangles.
bp_program *bp_program_compile(
    const bp_pass_desc *desc, const bp_layout *layout, stride_table_row *strides,
    const bp_level_table *level, int for_regions, const char **error);
void bp_program_free(bp_program *program);

/// Bytes of scratch before the tiles.
size_t bp_scratch_tables(const bp_program *program);

static inline uint32_t bp_element_size(uint32_t dtype) {
  return dtype == BP_F32 || dtype == BP_I32 ? 4 : dtype == BP_BF16 || dtype == BP_F16 ? 2 : 1;
}

static inline int64_t bp_round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
static inline int64_t bp_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t bp_greatest(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
