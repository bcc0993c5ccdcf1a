/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

/* The methods of org.baluhost.NAS1.Files, by the file that they are in; files.c has the table. */

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
