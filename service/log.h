/* SPDX-License-Identifier: MIT */
#pragma once

#include <syslog.h>

/* Log messages: to the journal with structured fields when standard error is connected to it, as lines on standard error otherwise. Any thread. */

/* One field beyond the message, such as { "BALUHOST_ACTION", "login" }. A NULL value leaves the field out. */
typedef struct BhLogField {
        const char *name; /* upper-case letters, digits, "_" */
        const char *value;
} BhLogField;

/* priority is LOG_ERR and the like; error is 0 or a (negative) errno whose text is appended. */
__attribute__((format(printf, 6, 7))) void bh_log_full(int priority, int error, const char *file, int line,
                                                       const char *function, const char *format, ...);

/* The message with fields, which end with one whose name is NULL. */
void bh_log_fields(int priority, const char *message, const BhLogField *fields);

#define bh_log_at(priority, error, ...) bh_log_full((priority), (error), __FILE__, __LINE__, __func__, __VA_ARGS__)
#define bh_log_error(...) bh_log_at(LOG_ERR, 0, __VA_ARGS__)
#define bh_log_warning(...) bh_log_at(LOG_WARNING, 0, __VA_ARGS__)
#define bh_log_notice(...) bh_log_at(LOG_NOTICE, 0, __VA_ARGS__)
#define bh_log_info(...) bh_log_at(LOG_INFO, 0, __VA_ARGS__)
#define bh_log_error_errno(error, ...) bh_log_at(LOG_ERR, (error), __VA_ARGS__)
#define bh_log_warning_errno(error, ...) bh_log_at(LOG_WARNING, (error), __VA_ARGS__)
