/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-test-source.h"

/* Updates and views of `github-events`, written with ' for ". */

/* An event with every member of its own, and what makes an update of it. */
#define E(id, time)                                                                                \
  "{'delivery_id':'" id "','event':'push','repo_full_name':'u/r','status':'done',"                 \
  "'received_at':'" time "'}"
#define NEW(event)   "{'type':'new-event','event':" event "}"
#define DELETE(id)   "{'type':'event-delete','eventId':'" id "'}"
#define LIST(items)  "{'type':'events','events':[" items "]}"
#define SHOWN(items) "'events':[" items "]"

#define T1 "2024-01-01T00:00:01Z"
#define T2 "2024-01-01T00:00:02Z"
#define T3 "2024-01-01T00:00:03Z"
