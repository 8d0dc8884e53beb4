/* SPDX-License-Identifier: MIT */
/* The kinds of layers there are, and how tests steer the fault layer. */
#ifndef CORE_LAYERS_KINDS_H
#define CORE_LAYERS_KINDS_H

#include "core/layers/layer.h"

extern const struct layer_kind layer_trace;
extern const struct layer_kind layer_delay;
extern const struct layer_kind layer_fault;

/* State of a fault layer, as layers_find("fault") gives it. Any thread. */
struct fault_plan;

/* Sets other rules, all counts at 0; a rule that is wrong leaves the old ones. Statuses: CONFIG,
 * NO_MEMORY. */
persist_status fault_arm(struct fault_plan *plan, const char *rules, persist_error *error);
/* How many calls were tampered with since the rules were set. */
uint64_t fault_hits(struct fault_plan *plan);
/* How many calls a rule has stopped at or is holding up at this moment. */
unsigned fault_holding(struct fault_plan *plan);

#endif
