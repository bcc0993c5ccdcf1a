/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

#include "bus/call.h"

/* The methods of org.baluhost.NAS1.Files, by the file that they are in; files.c has the table. */

/* files.c: as bh_call_fail(), of a method that was given these paths (to may be NULL): says more where a pool is the
 * reason. In work. */
__attribute__((format(printf, 5, 6))) int bh_files_method_fail(BhCall *call, int r, const char *path, const char *to,
                                                               const char *format, ...);

/* files-read.c */
int bh_files_method_list(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_stat(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_open(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_explain_access(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_get_usage(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* files-change.c */
int bh_files_method_create_folder(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_rename(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_move(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_copy(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_delete(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* trash.c */
int bh_files_method_list_trash(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_restore_trash(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_files_method_purge_trash(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* upload.c */
int bh_files_method_begin_upload(sd_bus_message *m, void *userdata, sd_bus_error *error);
