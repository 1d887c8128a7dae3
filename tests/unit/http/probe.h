/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-receiver.h"
#include "sse-source.h"

/* A source of one view, which also takes posts: a body of "nothing" is nothing to publish, one of
 * "forbidden" is not authorized, all else is the update. */

#define TEST_TYPE_PROBE (test_probe_get_type ())
G_DECLARE_FINAL_TYPE (TestProbe, test_probe, TEST, PROBE, GObject)
