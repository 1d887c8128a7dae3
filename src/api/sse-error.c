/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-error.h"

G_DEFINE_QUARK (sse_error_quark, sse_error)
