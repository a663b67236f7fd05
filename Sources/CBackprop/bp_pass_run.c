// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Runs a program: sets the moving pointers for each tile and goes through the steps.

#include <string.h>

#include "bp_pass_internal.h"

/// One thread's state, at the front of its scratch.
typedef struct runner {
  const bp_program *program;
  bp_frame full, per_row;   // the same tile, seen as rows of elements and as one value per row
  uint32_t **place;
  int64_t *stride;
  char **base;              // per access: address at the outer index at hand
  char **memory;
  char **slot;              // per access: address of its first element
  uint32_t *tiles, *shadows;
  float *columns;           // per column output: the block's values, then the total's
  int64_t seen[5];          // the last tile's shape and place, for loads that need no repeating
  int64_t outer;
  int64_t column_start;     // first column of the unit at hand
  const bp_pass_block *block;
} runner;

size_t bp_scratch_tables(const bp_program *program) {
  size_t bytes = sizeof(runner);
  bytes += program->n_places * (sizeof(uint32_t *) + sizeof(int64_t));
  bytes += program->n_access * 3 * sizeof(char *);
  bytes = (size_t)bp_round_up((int64_t)bytes, 64);
  bytes += program->n_row_buffers * BP_ROW_BUFFER * 4;
  bytes += program->n_scalars * BP_LANES * 4;
  return bytes;
}

static void *carve(char **at, size_t bytes) {
  void *p = *at;
  *at += bytes;
  return p;
}

static void repeat(uint32_t *place, uint32_t bits) {
  for (int i = 0; i < BP_LANES; i++) place[i] = bits;
}

/// Sets the tables up and computes what is one value per run.
static runner *begin(
    const bp_program *program, void *const *slots, const uint32_t *scalars, void *scratch) {
  char *start = (char *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63), *at = start;
  runner *run = carve(&at, sizeof(runner));
  memset(run, 0, sizeof(*run));
  run->program = program;
  run->place = carve(&at, program->n_places * sizeof(uint32_t *));
  run->stride = carve(&at, program->n_places * sizeof(int64_t));
  run->base = carve(&at, program->n_access * sizeof(char *));
  run->memory = carve(&at, program->n_access * sizeof(char *));
  run->slot = carve(&at, program->n_access * sizeof(char *));
  at = start + bp_round_up(at - start, 64);
  uint32_t *rows = carve(&at, program->n_row_buffers * BP_ROW_BUFFER * 4);
  uint32_t *values = carve(&at, program->n_scalars * BP_LANES * 4);
  run->tiles = (uint32_t *)(start + program->tiles_at);
  run->shadows = run->tiles + program->n_tiles * program->tile_words;
  run->columns = (float *)(start + program->columns_at);
  memset(run->stride, 0, program->n_places * sizeof(int64_t));
  for (uint32_t i = 0; i < program->n_tiles; i++) {
    run->place[program->first_tile + i] = run->tiles + i * program->tile_words;
  }
  for (uint32_t i = 0; i < program->n_row_buffers; i++) {
    run->place[program->first_row_buffer + i] = rows + i * BP_ROW_BUFFER;
    run->stride[program->first_row_buffer + i] = 1;
  }
  for (uint32_t i = 0; i < program->n_scalars; i++) {
    run->place[program->first_scalar + i] = values + i * BP_LANES;
  }
  run->seen[0] = run->outer = -1;
  run->full = (bp_frame){
    .place = run->place, .stride = run->stride, .n = BP_LANES, .rows = 1, .memory = run->memory,
    .program = program};
  for (uint32_t i = 0; i < program->n_table; i++) {
    repeat(run->place[program->scalar_place[i]], scalars[i]);
  }
  for (uint32_t i = 0; i < program->n_access; i++) {
    const bp_access *x = &program->access[i];
    run->slot[i] = (char *)slots[x->slot] + x->offset * x->size;
    if (x->class != BP_SCALAR || x->is_output) continue;
    uint32_t bits[BP_LANES];
    bp_access one = *x;
    one.col = 1;
    program->level->copy_in(bits, BP_LANES, run->slot[i], &one, 0, 1, 1);
    repeat(run->place[x->place], bits[0]);
  }
  for (uint32_t i = 0; i < program->n_prologue; i++) {
    program->prologue[i].run(&program->prologue[i], &run->full);
  }
  return run;
}

/// Moves every operand's base to an outer index.
static void enter(runner *run, int64_t outer) {
  if (run->outer == outer) return;
  run->outer = outer;
  const bp_layout *layout = &run->program->layout;
  int64_t coordinates[BP_MAX_RANK];
  int64_t rest = outer;
  for (uint32_t k = layout->outer_rank; k > 0; k--) {
    coordinates[k - 1] = rest % layout->outer_dims[k - 1];
    rest /= layout->outer_dims[k - 1];
  }
  for (uint32_t i = 0; i < run->program->n_access; i++) {
    const bp_access *x = &run->program->access[i];
    int64_t offset = 0;
    for (uint32_t k = 0; k < layout->outer_rank; k++) offset += coordinates[k] * x->outer[k];
    run->base[i] = run->slot[i] + offset * x->size;
  }
}

/// Elements from row to row of an operand.
static int64_t row_stride(const runner *run, const bp_access *x) {
  return run->block && !x->is_output && x->slot == run->block->slot ? run->block->row : x->row;
}

/// The column outputs' accumulators: `part` 0 the block of rows at hand, 1 the total.
static float *column(const runner *run, uint32_t i, int part) {
  return run->columns + (2 * i + (uint32_t)part) * bp_round_up(run->program->unit_cols, BP_LANES);
}

/// The whole program over one tile. `copied`: operands that could be used in place go through
/// their shadow tiles, because the tile's rows do not end with a whole vector.
static void run_tile(
    runner *run, int64_t row, int64_t col, int64_t rows, int64_t cols, int copied) {
  const bp_program *program = run->program;
  const bp_layout *layout = &program->layout;
  bp_frame *full = &run->full, *per_row = &run->per_row;
  const int64_t pitch = program->dense ? cols : bp_round_up(cols, BP_LANES);
  const int64_t shape[5] = {rows, cols, col, run->outer, copied};
  const int fresh = run->seen[0] != rows || run->seen[1] != cols || run->seen[2] != col
      || run->seen[4] != copied;
  if (fresh) {
    for (uint32_t i = 0; i < program->n_tiles; i++) {
      run->stride[program->first_tile + i] = program->single_row_tile[i] ? 0 : pitch;
    }
  }
  memcpy(run->seen, shape, sizeof(shape));
  for (uint32_t i = 0; i < program->n_access; i++) {
    const bp_access *x = &program->access[i];
    const int64_t x_row = row_stride(run, x);
    char *p = run->base[i] + (row * x_row + col * x->col) * x->size;
    run->memory[i] = p;
    if (!x->in_place) continue;
    if (copied) {
      uint32_t *shadow = run->shadows + x->shadow * program->tile_words;
      run->place[x->place] = shadow;
      run->stride[x->place] = pitch;
      if (!x->is_output) program->level->copy_in(shadow, pitch, p, x, x_row, rows, cols);
    } else {
      run->place[x->place] = (uint32_t *)p;
      run->stride[x->place] = x_row;
    }
  }
  for (uint32_t i = 0; i < program->n_columns; i++) {
    run->place[program->columns[i].place] =
        (uint32_t *)column(run, i, 0) + (col - run->column_start);
  }
  full->tile_rows = rows;
  full->tile_cols = cols;
  full->pitch = pitch;
  full->linear = (run->outer * layout->rows + row) * layout->cols + col;
  full->linear_row = layout->cols;
  if (program->dense) {
    full->n = bp_round_up(rows * cols, BP_LANES);
    full->rows = full->run_rows = 1;
    full->run_cols = rows * cols;
  } else {
    full->n = pitch;
    full->rows = full->run_rows = rows;
    full->run_cols = cols;
  }
  if (program->n_row_buffers > 0) {
    *per_row = *full;
    per_row->n = bp_round_up(rows, BP_LANES);
    per_row->rows = 1;
  }
  for (const bp_step *step = program->steps, *end = step + program->n_steps; step < end; step++) {
    if (step->invariant && !fresh) continue;
    step->run(step, step->per_row ? per_row : full);
  }
  if (!copied) return;
  for (uint32_t i = 0; i < program->n_access; i++) {
    const bp_access *x = &program->access[i];
    if (!x->in_place || !x->is_output) continue;
    program->level->copy_out(run->place[x->place], pitch, 1, run->memory[i], x, rows, cols);
  }
}

/// Asks for the memory of a tile that comes next. The rows of a rectangle are short pieces of long
/// rows, which the processor does not see coming.
static void prefetch_tile(const runner *run, int64_t row, int64_t col, int64_t rows, int64_t cols) {
  const bp_program *program = run->program;
  for (uint32_t i = 0; i < program->n_access; i++) {
    const bp_access *x = &program->access[i];
    if (x->is_output || !x->in_place || x->class != BP_FULL || x->row == 0) continue;
    if (run->block && x->slot == run->block->slot) continue;
    for (int64_t r = 0; r < rows; r++) {
      const char *p = run->base[i] + ((row + r) * x->row + col) * x->size;
      for (int64_t byte = 0; byte < cols * x->size; byte += 64) __builtin_prefetch(p + byte, 0, 2);
    }
  }
}

/// Whether a pass does enough for each line of memory that asking ahead does not hold it up: at
/// most 16 lines of a tile to an instruction.
static int asks_ahead(const bp_program *program) {
  int64_t streams = 0;
  for (uint32_t i = 0; i < program->n_access; i++) {
    const bp_access *x = &program->access[i];
    streams += !x->is_output && x->in_place && x->class == BP_FULL && x->row != 0;
  }
  const int64_t lines = streams * program->tile_rows * program->tile_cols / 16;
  return streams > 1 && lines <= 16 * (int64_t)program->n_steps;
}

/// A rectangle of rows and columns at the outer index at hand, tile by tile.
static void rectangle(runner *run, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  const bp_program *program = run->program;
  int64_t tile_rows = program->tile_rows;
  if (program->mode == BP_ROWS || program->dense) {
    for (int64_t m = m0; m < m1; m += tile_rows) {
      const int64_t rows = bp_least(tile_rows, m1 - m), cols = n1 - n0;
      run_tile(run, m, n0, rows, cols, program->dense && rows * cols % BP_LANES != 0);
    }
    return;
  }
  // What is left of whole vectors goes through narrow tiles of many rows.
  const int64_t whole = n0 + (n1 - n0) / BP_LANES * BP_LANES;
  const int64_t group = whole < n1 ? program->pitch_tile / BP_LANES : bp_greatest(m1 - m0, 1);
  // A rectangle narrower than a tile: more of its rows at a time.
  if (whole > n0 && whole - n0 < program->tile_cols) {
    tile_rows = bp_greatest(tile_rows, program->tile_rows * program->tile_cols / (whole - n0));
  }
  const int ahead = asks_ahead(program);
  for (int64_t g = m0; g < m1; g += group) {
    const int64_t end = bp_least(g + group, m1);
    for (int64_t m = g; m < end && n0 < whole; m += tile_rows) {
      const int64_t rows = bp_least(tile_rows, end - m);
      for (int64_t n = n0; n < whole; n += program->tile_cols) {
        const int64_t next = n + program->tile_cols;
        if (ahead && next < whole) {
          prefetch_tile(run, m, next, rows, bp_least(program->tile_cols, whole - next));
        } else if (ahead && m + rows < end) {
          const int64_t below = bp_least(tile_rows, end - m - rows);
          prefetch_tile(run, m + rows, n0, below, bp_least(program->tile_cols, whole - n0));
        }
        run_tile(run, m, n, rows, bp_least(program->tile_cols, whole - n), 0);
      }
    }
    if (whole < n1) run_tile(run, g, whole, end - g, n1 - whole, 1);
  }
}

static void fill_columns(const runner *run, int part) {
  const bp_program *program = run->program;
  for (uint32_t i = 0; i < program->n_columns; i++) {
    const bp_column *x = &program->columns[i];
    uint32_t *p = (uint32_t *)column(run, i, part);
    const uint32_t bits = !x->is_max ? 0 : x->is_int ? 0x80000000u : 0xff800000u;
    for (int64_t k = 0; k < program->unit_cols; k++) p[k] = bits;
  }
}

/// Adds the finished block's values to the totals.
static void add_columns(runner *run, int64_t cols) {
  const bp_program *program = run->program;
  for (uint32_t i = 0; i < program->n_columns; i++) {
    const bp_column *x = &program->columns[i];
    uint32_t *place[2] = {(uint32_t *)column(run, i, 1), (uint32_t *)column(run, i, 0)};
    int64_t stride[2] = {0, 0};
    const bp_step step = {.d = 0, .a = 1};
    const bp_frame frame = {
      .place = place, .stride = stride, .n = bp_round_up(cols, BP_LANES), .rows = 1};
    const bp_level_table *level = program->level;
    const bp_kernel kernel = x->is_max ? x->is_int ? level->column_max_i : level->column_max
                                       : x->is_int ? level->column_sum_i : level->column_sum;
    kernel(&step, &frame);
  }
}

static void reduce_columns(runner *run, int64_t n0, int64_t n1) {
  const bp_program *program = run->program;
  const int64_t rows = program->layout.rows;
  fill_columns(run, 1);
  for (int64_t m = 0; m < rows; m += BP_COLUMN_BLOCK_ROWS) {
    fill_columns(run, 0);
    run->column_start = n0;
    rectangle(run, m, bp_least(m + BP_COLUMN_BLOCK_ROWS, rows), n0, n1);
    add_columns(run, n1 - n0);
  }
  for (uint32_t i = 0; i < program->n_columns; i++) {
    const uint32_t k = program->columns[i].access;
    const bp_access *x = &program->access[k];
    program->level->copy_out(
        (uint32_t *)column(run, i, 1), 0, 1, run->base[k] + n0 * x->col * x->size, x, 1, n1 - n0);
  }
}

void bp_pass_run(
    const bp_pass *pass, void *const *slots, const uint32_t *scalars, int64_t unit_begin,
    int64_t unit_end, void *scratch) {
  const bp_program *program = pass->main;
  const bp_layout *layout = &program->layout;
  if (unit_begin >= unit_end) return;
  runner *run = begin(program, slots, scalars, scratch);
  const int64_t cols = program->mode == BP_ROWS ? 1 : layout->cols;
  const int64_t col_blocks = bp_greatest((cols + program->unit_cols - 1) / program->unit_cols, 1);
  const int64_t row_blocks =
      bp_greatest((layout->rows + program->unit_rows - 1) / program->unit_rows, 1);
  for (int64_t unit = unit_begin; unit < unit_end; unit++) {
    const int64_t n0 = unit % col_blocks * program->unit_cols;
    const int64_t m0 = unit / col_blocks % row_blocks * program->unit_rows;
    const int64_t o0 = unit / (col_blocks * row_blocks) * program->unit_outer;
    const int64_t n1 = bp_least(n0 + program->unit_cols, layout->cols);
    const int64_t m1 = bp_least(m0 + program->unit_rows, layout->rows);
    for (int64_t o = o0; o < bp_least(o0 + program->unit_outer, layout->outer); o++) {
      enter(run, o);
      if (program->mode == BP_COLUMNS) reduce_columns(run, n0, n1);
      else rectangle(run, m0, m1, n0, n1);
    }
  }
}

void bp_pass_run_region(
    const bp_pass *pass, void *const *slots, const uint32_t *scalars, int64_t batch, int64_t m0,
    int64_t m1, int64_t n0, int64_t n1, const bp_pass_block *block, void *scratch) {
  if (m0 >= m1 || n0 >= n1) return;
  runner *run = begin(pass->region, slots, scalars, scratch);
  enter(run, batch);
  run->block = block;
  for (uint32_t i = 0; block && i < pass->region->n_access; i++) {
    const bp_access *x = &pass->region->access[i];
    if (x->is_output || x->slot != block->slot) continue;
    // As if the rows and columns before the rectangle were there, too.
    run->base[i] = (char *)((uintptr_t)block->data - (uintptr_t)((m0 * block->row + n0) * 4));
  }
  rectangle(run, m0, m1, n0, n1);
}
