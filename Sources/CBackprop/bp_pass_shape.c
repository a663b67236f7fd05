// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// How large tiles and units are. Units are fixed by the shape alone, never by threads.

#include "bp_pass_shape.h"

/// Elements in a unit of work, where the shape allows.
enum { UNIT = 8192, TILE = 1024, L1 = 32768 };

/// The least number of rows whose elements fill whole vectors.
static int64_t rows_per_vector(int64_t cols) {
  int64_t rows = BP_LANES;
  while (rows > 1 && rows / 2 * cols % BP_LANES == 0) rows /= 2;
  return rows;
}

void bp_choose_walk(bp_program *program, int for_regions) {
  const bp_layout *layout = &program->layout;
  if (program->mode == BP_ROWS) program->padded = layout->cols % BP_LANES != 0;
  if (program->mode != BP_FLAT || for_regions || layout->rows < 2) return;
  program->dense = layout->cols < 128
      || (layout->cols % BP_LANES != 0 && layout->cols * rows_per_vector(layout->cols) <= TILE);
}

/// Whether an operand lies transposed, so that square tiles use its cache lines best.
static int has_transposed(const bp_program *program) {
  for (uint32_t i = 0; i < program->n_access; i++) {
    const bp_access *x = &program->access[i];
    if (x->class == BP_FULL && x->col > 8 && x->row > 0 && x->row < x->col) return 1;
  }
  return 0;
}

static int64_t blocks(int64_t n, int64_t size) { return (n + size - 1) / size; }

static void choose_units(bp_program *program) {
  const bp_layout *layout = &program->layout;
  const int64_t cols = bp_greatest(layout->cols, 1), rows = bp_greatest(layout->rows, 1);
  program->unit_outer = 1;
  if (program->mode == BP_COLUMNS) {
    program->unit_rows = rows;
    program->unit_cols = cols >= 2048 ? 256 : cols >= 512 ? 128 : 64;
  } else {
    program->unit_cols = program->mode == BP_FLAT && !program->dense ? UNIT : cols;
    program->unit_rows = bp_round_up(bp_greatest(UNIT / cols, 1), program->tile_rows);
    if (rows <= program->unit_rows && cols <= program->unit_cols) {
      program->unit_outer = bp_greatest(UNIT / (rows * cols), 1);
    }
  }
  program->units = blocks(layout->outer, program->unit_outer)
      * blocks(program->mode == BP_COLUMNS ? rows : layout->rows, program->unit_rows)
      * blocks(program->mode == BP_ROWS ? cols : layout->cols, program->unit_cols);
}

void bp_choose_tiles(bp_program *program, double cost) {
  const bp_layout *layout = &program->layout;
  const int64_t cols = bp_greatest(layout->cols, 1);
  int64_t streams = program->n_tiles;
  for (uint32_t i = 0; i < program->n_access; i++) streams += program->access[i].in_place;
  int64_t tile = TILE;
  while (tile > 256 && streams * tile * 4 > L1) tile /= 2;
  program->pitch_tile = tile;
  if (program->mode == BP_ROWS) {
    const int64_t pitch = bp_round_up(cols, BP_LANES);
    program->tile_cols = cols;
    program->tile_rows = bp_greatest(bp_least(tile / pitch, BP_ROW_BUFFER), 1);
    program->tile_words = program->tile_rows * pitch;
  } else if (program->dense) {
    const int64_t group = rows_per_vector(cols);
    program->tile_cols = cols;
    program->tile_rows = bp_greatest(tile / (cols * group), 1) * group;
    program->tile_words = bp_round_up(program->tile_rows * cols, BP_LANES);
  }
  if (program->tile_rows == 0) program->tile_rows = 1;
  choose_units(program);
  if (program->mode != BP_ROWS && !program->dense) {
    int64_t width = bp_least(layout->cols, program->mode == BP_COLUMNS ? program->unit_cols : tile);
    width = bp_greatest(width / BP_LANES * BP_LANES, BP_LANES);
    if (has_transposed(program)) width = bp_least(width, 32);
    program->tile_cols = width;
    program->tile_rows = bp_greatest(tile / width, 1);
    program->tile_words = tile;
    choose_units(program);
  }
  // Room for what the last vector of the last row spills over; an odd number of lines, so that
  // tiles do not lie at equal addresses modulo 4096.
  program->tile_words += BP_LANES;
  if (program->tile_words / BP_LANES % 2 == 0) program->tile_words += BP_LANES;

  const double elements = (double)bp_least(program->unit_rows, bp_greatest(layout->rows, 1))
      * (double)bp_least(program->unit_cols, cols)
      * (double)bp_least(program->unit_outer, bp_greatest(layout->outer, 1));
  int64_t shadows = 0;
  for (uint32_t i = 0; i < program->n_access; i++) {
    if (program->access[i].in_place) {
      program->access[i].shadow = (uint16_t)shadows++;
      cost += 0.03;
    }
  }
  program->unit_cost = elements * cost + elements / (double)tile * 4.0 * program->n_steps;

  size_t scratch = bp_scratch_tables(program);
  program->tiles_at = scratch;
  scratch += (size_t)(program->n_tiles + shadows) * (size_t)program->tile_words * 4;
  program->columns_at = scratch;
  scratch += program->n_columns * 2 * (size_t)bp_round_up(program->unit_cols, BP_LANES) * 4;
  program->scratch = scratch + 64;
}
