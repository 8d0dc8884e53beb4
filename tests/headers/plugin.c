/* SPDX-License-Identifier: MIT */
#include "plugin.inc"
