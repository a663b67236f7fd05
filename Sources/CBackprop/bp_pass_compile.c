// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// From a checked description and a layout to a program: which operands are used where they lie,
// what is computed once per run or once per row, which tile each value lives in and for how long.

#include <stdlib.h>
#include <string.h>

#include "bp_pass_ops.h"
#include "bp_pass_shape.h"

enum { NONE = -1 };

/// A register, or a temporary.
typedef struct value {
  bp_class class;
  int place;       // once it has one
  int defined;     // instruction that makes it; -1 for inputs and scalars
  int last_read;   // last instruction that reads it
  int last_step;   // last step that reads it
  int input;       // the access it is loaded from, or NONE
  uint8_t loaded, fixed, single_row, persistent;
} value;

typedef struct draft_step {
  bp_kernel run;
  int d, a, b, c;  // values
  int access;
  uint8_t per_row, invariant;
} draft_step;

typedef struct compiler {
  const bp_pass_desc *desc;
  bp_pass_desc fused;  // the description with pairs of instructions fused, into insns
  bp_insn *insns;
  bp_program *program;
  const bp_level_table *level;
  value *values;
  int n_values;
  draft_step *steps;
  int n_steps;
  draft_step *prologue;
  int n_prologue;
  double cost;     // nanoseconds per element, but for memory
} compiler;

static int new_value(compiler *c, bp_class class) {
  c->values[c->n_values] =
      (value){.class = class, .place = NONE, .defined = NONE, .last_read = NONE, .input = NONE};
  return c->n_values++;
}

/// A value that lives at a place of its own.
static int value_at(compiler *c, int place) {
  const int v = new_value(c, BP_FULL);
  c->values[v].place = place;
  c->values[v].fixed = 1;
  return v;
}

static void emit(compiler *c, draft_step step) { c->steps[c->n_steps++] = step; }

static int same_memory(const bp_operand *a, const bp_operand *b, const bp_access *x,
                       const bp_access *y, uint32_t rank) {
  if (a->slot != b->slot || a->offset != b->offset || x->size != y->size) return 0;
  return memcmp(a->strides, b->strides, rank * sizeof(int64_t)) == 0;
}

/// The last instruction after which output j's memory may be written: its register's own, or the
/// last that reads an input lying in the same memory.
static int ready(const compiler *c, uint32_t j, int without_own) {
  const bp_pass_desc *desc = c->desc;
  const bp_access *access = c->program->access;
  int at = without_own ? NONE : c->values[desc->outputs[j].reg].defined;
  for (uint32_t i = 0; i < desc->n_inputs; i++) {
    if (!same_memory(&desc->inputs[i], &desc->outputs[j], &access[i],
                     &access[desc->n_inputs + j], desc->rank)) continue;
    const value *v = &c->values[desc->inputs[i].reg];
    if (v->last_read > at) at = v->last_read;
  }
  return at;
}

/// Which class an input has in this layout, and whether its memory serves as its tile.
static void classify(bp_program *program, bp_access *x, int is_input) {
  const bp_layout *layout = &program->layout;
  int constant = x->row == 0 && x->col == 0;
  for (uint32_t k = 0; k < layout->outer_rank; k++) constant = constant && x->outer[k] == 0;
  if (is_input) {
    x->class = constant ? BP_SCALAR : x->col == 0 && !program->dense ? BP_ROW : BP_FULL;
  } else {
    x->class = x->kind == BP_ROW ? BP_ROW : BP_FULL;
    if (x->kind != BP_FULL) return;
  }
  x->in_place = x->class == BP_FULL && x->size == 4 && !program->padded && x->col == 1
      && (!program->dense || x->row == layout->cols);
}

static void make_accesses(compiler *c, stride_table_row *strides) {
  const bp_pass_desc *desc = c->desc;
  bp_program *program = c->program;
  const uint32_t rank = program->layout.outer_rank + 2;
  program->n_access = desc->n_inputs + desc->n_outputs;
  for (uint32_t i = 0; i < program->n_access; i++) {
    const int is_input = i < desc->n_inputs;
    const bp_operand *x = is_input ? &desc->inputs[i] : &desc->outputs[i - desc->n_inputs];
    bp_access *y = &program->access[i];
    *y = (bp_access){
      .slot = x->slot, .dtype = x->dtype, .kind = x->kind, .offset = x->offset,
      .row = strides[i][rank - 2], .col = strides[i][rank - 1], .is_output = !is_input,
    };
    y->size = bp_element_size(x->dtype);
    memcpy(y->outer, strides[i], program->layout.outer_rank * sizeof(int64_t));
    classify(program, y, is_input);
    if (y->in_place) y->place = (uint16_t)program->n_places++;
  }
}

static bp_class widest(bp_class a, bp_class b) { return a < b ? a : b; }

/// Classes, definitions and last reads of all registers.
static void survey(compiler *c) {
  const bp_pass_desc *desc = c->desc;
  for (uint32_t i = 0; i < desc->n_registers; i++) new_value(c, BP_SCALAR);
  for (uint32_t i = 0; i < desc->n_inputs; i++) {
    value *v = &c->values[desc->inputs[i].reg];
    v->class = (bp_class)c->program->access[i].class;
    v->input = (int)i;
  }
  for (uint32_t i = 0; i < desc->n_insns; i++) {
    const bp_insn *insn = &desc->insns[i];
    const uint16_t operands[3] = {insn->a, insn->b, insn->c};
    bp_class class = BP_SCALAR;
    for (int k = 0; k < bp_op_operand_count(insn->op); k++) {
      value *v = &c->values[operands[k]];
      class = widest(class, v->class);
      v->last_read = (int)i;
    }
    if (insn->op >= BP_OP_ROW_SUM && insn->op <= BP_OP_ROW_MIN_I) class = BP_ROW;
    if (insn->op >= BP_OP_INDEX) class = BP_FULL;
    c->values[insn->dst].class = class;
    c->values[insn->dst].defined = (int)i;
  }
}

/// Fuses pairs of instructions, which needs the registers' classes and changes who reads what.
static void fuse(compiler *c) {
  uint8_t *class_of = malloc(c->desc->n_registers + 1);
  if (!class_of) return;
  for (uint32_t i = 0; i < c->desc->n_registers; i++) class_of[i] = (uint8_t)c->values[i].class;
  c->fused.n_insns = bp_pass_fuse(c->desc, class_of, c->insns);
  c->fused.insns = c->insns;
  c->desc = &c->fused;
  free(class_of);
  c->n_values = 0;
  survey(c);
}

/// Registers that are computed straight into an output's memory.
static void choose_homes(compiler *c) {
  const bp_pass_desc *desc = c->desc;
  for (uint32_t j = 0; j < desc->n_outputs; j++) {
    const bp_access *access = &c->program->access[desc->n_inputs + j];
    value *v = &c->values[desc->outputs[j].reg];
    if (!access->in_place || v->class != BP_FULL || v->defined == NONE || v->fixed) continue;
    if (ready(c, j, 1) > v->defined) continue;
    v->place = access->place;
    v->fixed = 1;
  }
}

/// An input that is itself stored, while some output overwrites its memory, is first copied.
static void protect_stored_inputs(compiler *c) {
  const bp_pass_desc *desc = c->desc;
  for (uint32_t j = 0; j < desc->n_outputs; j++) {
    const int i = c->values[desc->outputs[j].reg].input;
    if (i == NONE) continue;
    for (uint32_t k = 0; k < desc->n_outputs; k++) {
      bp_access *access = &c->program->access[i];
      if (same_memory(&desc->inputs[i], &desc->outputs[k], access,
                      &c->program->access[desc->n_inputs + k], desc->rank)) {
        access->in_place = 0;
        c->values[desc->outputs[j].reg].persistent = 2;
      }
    }
  }
}

/// Makes sure that a register that is an input has been loaded.
static void need(compiler *c, int reg) {
  value *v = &c->values[reg];
  if (v->input == NONE || v->loaded) return;
  v->loaded = 1;
  const bp_access *x = &c->program->access[v->input];
  if (x->in_place) {
    v->place = x->place;
    v->fixed = 1;
    return;
  }
  if (x->class == BP_SCALAR) return;
  int moves = 0;
  for (uint32_t k = 0; k < c->program->layout.outer_rank; k++) moves |= x->outer[k] != 0;
  v->single_row = x->class == BP_FULL && x->row == 0 && !c->program->dense;
  const int invariant = x->class == BP_FULL && x->row == 0 && !moves;
  if (invariant) v->persistent = 1;
  emit(c, (draft_step){
    .run = x->class == BP_ROW ? c->level->load_row : c->level->load, .d = reg, .a = NONE, .b = NONE,
    .c = NONE, .access = v->input, .per_row = x->class == BP_ROW, .invariant = (uint8_t)invariant,
  });
  if (x->class == BP_FULL && !invariant) c->cost += 0.05;
}

/// The register, spread over a whole tile if it holds less.
static int widened(compiler *c, int reg) {
  if (c->values[reg].class == BP_FULL && !c->values[reg].single_row) return reg;
  const int v = new_value(c, BP_FULL);
  const int full = c->values[reg].class == BP_FULL;
  emit(c, (draft_step){
    .run = c->level->op[BP_OP_MOVE][full ? 0 : 1], .d = v, .a = reg, .b = NONE, .c = NONE,
    .access = NONE});
  return v;
}

static void instruct(compiler *c, const bp_insn *insn) {
  int operands[3] = {insn->a, insn->b, insn->c};
  const int count = bp_op_operand_count(insn->op);
  const bp_class class = c->values[insn->dst].class;
  for (int k = 0; k < count; k++) need(c, operands[k]);
  const int reduces = insn->op >= BP_OP_ROW_SUM && insn->op <= BP_OP_ROW_MIN_I;
  if (reduces) operands[0] = widened(c, operands[0]);
  int mask = 0;
  for (int k = 0; k < count && !reduces; k++) {
    if (c->values[operands[k]].class > class) mask |= 1 << k;
  }
  if (insn->op == BP_OP_RANDOM_BITS) {
    need(c, operands[0]);
    need(c, operands[1]);
  }
  const int reads = insn->op == BP_OP_RANDOM_BITS ? 2 : count;
  const draft_step step = {
    .run = c->level->op[insn->op][mask], .d = insn->dst,
    .a = reads > 0 ? operands[0] : NONE, .b = reads > 1 ? operands[1] : NONE,
    .c = reads > 2 ? operands[2] : NONE,
    .access = insn->op == BP_OP_INDEX_DIM ? insn->a : NONE,
    .per_row = class == BP_ROW && !reduces,
  };
  if (class == BP_SCALAR) c->prologue[c->n_prologue++] = step;
  else emit(c, step);
  if (class == BP_FULL || reduces) c->cost += bp_ops[insn->op].cost * 0.01 * c->level->speed;
}

static void store(compiler *c, uint32_t j) {
  const uint32_t i = c->desc->n_inputs + j;
  bp_program *program = c->program;
  const bp_access *x = &program->access[i];
  const int reg = (int)c->desc->outputs[j].reg;
  need(c, reg);
  value *v = &c->values[reg];
  draft_step step = {.d = NONE, .a = reg, .b = NONE, .c = NONE, .access = (int)i};
  if (x->kind == BP_COLUMN_SUM || x->kind == BP_COLUMN_MAX) {
    bp_column *column = &program->columns[program->n_columns++];
    const int is_int = x->dtype == BP_I32 || x->dtype == BP_U8;
    *column = (bp_column){
      .access = (uint16_t)i, .is_max = x->kind == BP_COLUMN_MAX, .is_int = (uint8_t)is_int};
    column->place = (uint16_t)program->n_places++;
    step.a = widened(c, reg);
    step.d = value_at(c, column->place);
    step.run = column->is_max ? is_int ? c->level->column_max_i : c->level->column_max
                              : is_int ? c->level->column_sum_i : c->level->column_sum;
  } else if (x->kind == BP_ROW) {
    step.run = c->level->store_row;
    step.per_row = 1;
  } else if (x->in_place) {
    if (v->fixed && v->place == x->place) return;
    step.d = value_at(c, x->place);
    step.run = c->level->op[BP_OP_MOVE][v->class == BP_FULL ? 0 : 1];
  } else {
    if (v->class != BP_FULL) step.a = widened(c, reg);
    step.run = c->level->store;
    c->cost += 0.05;
  }
  c->cost += 0.03;
  emit(c, step);
}

/// Gives every value a place, tiles and row buffers being handed on after their last use.
static void allocate(compiler *c) {
  bp_program *program = c->program;
  for (int s = 0; s < c->n_steps; s++) {
    const int reads[3] = {c->steps[s].a, c->steps[s].b, c->steps[s].c};
    for (int k = 0; k < 3; k++) {
      if (reads[k] != NONE) c->values[reads[k]].last_step = s;
    }
  }
  // Numbers within each kind first; the kinds' first places are known afterwards.
  int *free_tiles = calloc((size_t)c->n_values + 1, sizeof(int));
  int *free_rows = calloc((size_t)c->n_values + 1, sizeof(int));
  int n_free_tiles = 0, n_free_rows = 0;
  for (int s = 0; s < c->n_steps; s++) {
    const draft_step *step = &c->steps[s];
    const int reads[3] = {step->a, step->b, step->c};
    for (int k = 0; k < 3; k++) {
      if (reads[k] == NONE || (k > 0 && reads[k] == reads[0]) || (k > 1 && reads[k] == reads[1])) {
        continue;
      }
      const value *v = &c->values[reads[k]];
      if (v->fixed || v->persistent == 1 || v->last_step != s || v->class == BP_SCALAR) continue;
      if (v->single_row) continue;
      if (v->class == BP_FULL) free_tiles[n_free_tiles++] = v->place;
      else free_rows[n_free_rows++] = v->place;
    }
    if (step->d == NONE) continue;
    value *d = &c->values[step->d];
    if (d->fixed || d->place != NONE) continue;
    if (d->class == BP_ROW) {
      d->place = n_free_rows > 0 ? free_rows[--n_free_rows] : (int)program->n_row_buffers++;
    } else {
      const int fresh = d->persistent == 1 || d->single_row || n_free_tiles == 0;
      d->place = fresh ? (int)program->n_tiles++ : free_tiles[--n_free_tiles];
      if (d->single_row) program->single_row_tile[d->place] = 1;
    }
    // A value that nothing reads gives its place back at once.
    if (d->last_step < s && d->persistent != 1 && !d->single_row) {
      if (d->class == BP_FULL) free_tiles[n_free_tiles++] = d->place;
      else free_rows[n_free_rows++] = d->place;
    }
  }
  free(free_tiles);
  free(free_rows);
  program->first_tile = program->n_places;
  program->first_row_buffer = program->first_tile + program->n_tiles;
  program->first_scalar = program->first_row_buffer + program->n_row_buffers;
  for (int i = 0; i < c->n_values; i++) {
    value *v = &c->values[i];
    if (v->fixed) continue;
    if (v->class == BP_SCALAR) v->place = (int)(program->first_scalar + program->n_scalars++);
    else if (v->place != NONE && v->class == BP_FULL) v->place += (int)program->first_tile;
    else if (v->place != NONE) v->place += (int)program->first_row_buffer;
  }
  program->n_places = program->first_scalar + program->n_scalars;
}

static bp_step *finish_steps(const compiler *c, const draft_step *from, int count) {
  bp_step *steps = calloc((size_t)count + 1, sizeof(bp_step));
  if (!steps) return NULL;
  for (int s = 0; s < count; s++) {
    const draft_step *x = &from[s];
#define PLACE(v) (uint16_t)((v) == NONE || c->values[v].place == NONE ? 0 : c->values[v].place)
    steps[s] = (bp_step){
      .run = x->run, .d = PLACE(x->d), .a = PLACE(x->a), .b = PLACE(x->b), .c = PLACE(x->c),
      .access = (uint16_t)(x->access == NONE ? 0 : x->access), .per_row = x->per_row,
      .invariant = x->invariant,
    };
#undef PLACE
  }
  return steps;
}

static void translate(compiler *c, stride_table_row *strides) {
  const bp_pass_desc *desc;
  make_accesses(c, strides);
  survey(c);
  fuse(c);
  desc = c->desc;
  protect_stored_inputs(c);
  choose_homes(c);
  for (uint32_t i = 0; i < desc->n_registers; i++) {
    if (c->values[i].persistent == 2) need(c, (int)i);
  }
  for (int at = NONE; at < (int)desc->n_insns; at++) {
    if (at >= 0) instruct(c, &desc->insns[at]);
    for (uint32_t j = 0; j < desc->n_outputs; j++) {
      if (ready(c, j, 0) == at) store(c, j);
    }
  }
  allocate(c);
}

bp_program *bp_program_compile(
    const bp_pass_desc *desc, const bp_layout *layout, stride_table_row *strides,
    const bp_level_table *level, int for_regions, const char **error) {
  const size_t n_access = desc->n_inputs + desc->n_outputs;
  const size_t room = desc->n_registers + n_access * 3 + (size_t)desc->n_insns * 4 + 16;
  compiler c = {.desc = desc, .fused = *desc, .level = level};
  bp_program *program = c.program = calloc(1, sizeof(bp_program));
  if (!program) goto failed;
  program->level = level;
  program->layout = *layout;
  program->mode = desc->mode;
  program->rank = desc->rank;
  memcpy(program->dims, desc->dims, sizeof(program->dims));
  program->access = calloc(n_access + 1, sizeof(bp_access));
  program->columns = calloc(desc->n_outputs + 1, sizeof(bp_column));
  program->scalar_place = calloc(desc->n_scalars + 1, sizeof(uint16_t));
  program->single_row_tile = calloc(room, 1);
  c.insns = calloc((size_t)desc->n_insns + 1, sizeof(bp_insn));
  c.values = calloc(room, sizeof(value));
  c.steps = calloc(room, sizeof(draft_step));
  c.prologue = calloc(room, sizeof(draft_step));
  if (!program->access || !program->columns || !program->scalar_place || !program->single_row_tile
      || !c.insns || !c.values || !c.steps || !c.prologue) goto failed;
  bp_choose_walk(program, for_regions);
  translate(&c, strides);
  program->n_steps = (uint32_t)c.n_steps;
  program->n_prologue = (uint32_t)c.n_prologue;
  program->steps = finish_steps(&c, c.steps, c.n_steps);
  program->prologue = finish_steps(&c, c.prologue, c.n_prologue);
  if (!program->steps || !program->prologue) goto failed;
  program->n_table = desc->n_scalars;
  for (uint32_t i = 0; i < desc->n_scalars; i++) {
    program->scalar_place[i] = (uint16_t)c.values[desc->scalar_registers[i]].place;
  }
  for (uint32_t i = 0; i < desc->n_inputs; i++) {
    bp_access *x = &program->access[i];
    if (x->class == BP_SCALAR) x->place = (uint16_t)c.values[desc->inputs[i].reg].place;
  }
  bp_choose_tiles(program, c.cost);
  free(c.insns);
  free(c.values);
  free(c.steps);
  free(c.prologue);
  return program;
failed:
  *error = "no memory for a pass";
  free(c.insns);
  free(c.values);
  free(c.steps);
  free(c.prologue);
  bp_program_free(program);
  return NULL;
}

void bp_program_free(bp_program *program) {
  if (!program) return;
  free(program->access);
  free(program->columns);
  free(program->scalar_place);
  free(program->single_row_tile);
  free(program->steps);
  free(program->prologue);
  free(program);
}
