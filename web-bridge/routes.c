/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "composite.h"
#include "disk-status.h"
#include "download.h"
#include "events.h"
#include "list.h"
#include "raid-change.h"
#include "target.h"
#include "upload-form.h"
#include "upload-put.h"

#include <string.h>

/* The table is laid out by hand. */
/* clang-format off */
/* What the rows say often. */
#define PATH(name_, target_) { .source = BH_FROM_PATH, .names = name_, .target = target_, .required = TRUE }
#define QUERY(name_, target_) { .source = BH_FROM_QUERY, .names = name_, .target = target_ }
#define QUERY_NEEDED(name_, target_) { .source = BH_FROM_QUERY, .names = name_, .target = target_, .required = TRUE }
#define QUERY_OPTION(name_, target_, type_) { .source = BH_FROM_QUERY, .names = name_, .target = target_, .type = type_ }
#define QUERY_CHOICE(name_, target_, allowed_)                                                                         \
        { .source = BH_FROM_QUERY, .names = name_, .target = target_, .type = "s", .allowed = allowed_ }
#define BODY(names_, target_) { .source = BH_FROM_BODY, .names = names_, .target = target_, .required = TRUE }
#define BODY_MAYBE(names_, target_) { .source = BH_FROM_BODY, .names = names_, .target = target_ }
#define BODY_OPTION(names_, target_, type_) { .source = BH_FROM_BODY, .names = names_, .target = target_, .type = type_ }
#define ALWAYS(target_, type_, value_)                                                                                 \
        { .source = BH_FROM_TABLE, .names = "", .target = target_, .type = type_, .value = value_ }
#define OUT(argument, member) { argument, member, NULL, FALSE }
#define OUT_SCHEMA(argument, member, schema) { argument, member, schema, FALSE }
#define OUT_TWIN(argument, member) { argument, member, NULL, TRUE }

#define SIGNED_IN                                                                                                      \
        { OUT("access_token", "access_token"), OUT_TWIN("access_token", "token"), OUT("expires_in", "expires_in"),    \
          OUT_SCHEMA("user", "user", "User") }
#define BEARER { { "token_type", "bearer" } }
#define USER_OUT { OUT_SCHEMA("user", "", "User") }
#define USER_GONE { "NotFound", 404, "User not found" }

/* The same row for each name that a route is known by. */
#define FOLDER_ROW(path_, extra)                                                                                       \
        { "POST", path_, BH_ACCESS_USER, .flags = extra, .summary = "Create a folder", .interface = "Files",          \
          .method = "CreateFolder",                                                                                    \
          .inputs = { { .source = BH_FROM_JOIN, .names = "path,name", .target = "path", .refusal = "Folder name required" }, \
                      BODY_OPTION("parents", "options.parents", "b") },                                                \
          .outputs = { OUT_SCHEMA("entry", "folder", "FileItem") }, .fixed = { { "message", "Folder created" } } }
#define RENAME_ROW(verb_, extra)                                                                                       \
        { verb_, "/api/files/rename", BH_ACCESS_USER, .flags = extra, .summary = "Rename a file or folder",           \
          .interface = "Files", .method = "Rename",                                                                    \
          .inputs = { BODY("path|old_path", "path"), BODY("new_name", "new_name") },                                   \
          .outputs = { OUT("new_path", "path") }, .fixed = { { "message", "Renamed" } } }
#define MOVE_ROW(verb_, extra)                                                                                         \
        { verb_, "/api/files/move", BH_ACCESS_USER, .flags = extra,                                                   \
          .summary = "Move a file or folder to a new path, or into a folder", .interface = "Files", .method = "Move", \
          .inputs = { BODY("source_path|source", "source"), BODY("target_path|destination", "target") },              \
          .outputs = { OUT("new_path", "path") }, .fixed = { { "message", "Moved" } } }
#define DELETE_ROW(path_, input, extra)                                                                                \
        { "DELETE", path_, BH_ACCESS_USER, .flags = extra, .summary = "Move a file or folder to the trash",           \
          .interface = "Files", .method = "Delete", .inputs = { input, ALWAYS("options.missing_ok", "b", "true") },   \
          .outputs = { OUT("trash_id", "trash_id") }, .fixed = { { "message", "Deleted" } },                          \
          .errors = { { "InvalidArgument", 400, "The storage itself cannot be deleted" } } }
#define DOWNLOAD_ROW(path_, input, extra)                                                                              \
        { "GET", path_, BH_ACCESS_USER, .flags = BH_ROUTE_MEDIA_COOKIE | (extra), .summary = "Content of a file",     \
          .interface = "Files", .method = "Open",                                                                      \
          .inputs = { input, QUERY_OPTION("inline", "", "b") }, .errors = { { "NotFound", 404, "File not found" } },  \
          .handler = bh_download, .media = "application/octet-stream" }
#define UPDATE_USER_ROW(verb_, extra)                                                                                  \
        { verb_, "/api/users/{user_id}", BH_ACCESS_ADMIN, .flags = extra, .summary = "Change an account",             \
          .interface = "Users", .method = "Update",                                                                    \
          .inputs = { PATH("user_id", "user_id"), BODY_OPTION("username", "changes.username", "s"),                   \
                      BODY_OPTION("email", "changes.email", "s"), BODY_OPTION("password", "changes.password", "s"),   \
                      BODY_OPTION("role", "changes.role", "s"), BODY_OPTION("is_active", "changes.is_active", "b"),   \
                      BODY_OPTION("quota_bytes", "changes.quota_bytes", "t"), BODY_OPTION("uid", "changes.uid", "x") }, \
          .outputs = USER_OUT, .errors = { USER_GONE, { "Exists", 409, "Username already exists" } } }

/* Storage: an object of a kind, and what is asked of it. */
#define LIST_ROW(path_, method_, member_, schema_, summary_)                                                           \
        { "GET", path_, BH_ACCESS_USER, .summary = summary_, .interface = "Storage", .method = method_,                \
          .outputs = { OUT_SCHEMA(member_, member_, schema_) } }
#define ONE_ROW(path_, object_, method_, schema_, summary_)                                                            \
        { "GET", path_, BH_ACCESS_USER, .summary = summary_, .interface = "Storage", .method = method_,                \
          .object = object_, .handler = bh_storage_object, .reply_schema = schema_ }
#define DISK_ROW(verb_, path_, access_, method_) verb_, "/api/storage/disks/{disk_id}" path_, access_, .interface = "Disk", \
          .method = method_, .object = "disks/{disk_id}"
#define ARRAY_ROW(path_, method_) "POST", "/api/storage/arrays/{array_id}" path_, BH_ACCESS_ADMIN, .interface = "Array", \
          .method = method_, .object = "arrays/{array_id}"
#define POOL_ROW(verb_, path_, method_) verb_, "/api/storage/pools/{pool_id}" path_, BH_ACCESS_ADMIN, .interface = "Pool", \
          .method = method_, .object = "pools/{pool_id}"
#define PLAN_ROW(path_, method_) "POST", "/api/storage/plans/" path_, BH_ACCESS_ADMIN, .interface = "Storage", .method = method_, \
          .outputs = { OUT("token", "token"), OUT_SCHEMA("plan", "plan", "Plan") }
#define RAID_ROW(path_, summary_, body_, handler_)                                                                     \
        { "POST", "/api/system/raid/" path_, BH_ACCESS_ADMIN, .summary = summary_, .interface = "Storage",             \
          .method = "ListArrays", .handler = handler_, .body_schema = body_, .reply_schema = "RaidDone" }
#define JOB_OUT { OUT("job", "job_id") }
#define SAYS(message_) { { "message", message_ } }

const BhRoute bh_routes[] = {
        /* auth */
        { "POST", "/api/auth/login", BH_ACCESS_PUBLIC, .flags = BH_ROUTE_CLIENT | BH_ROUTE_SETS_COOKIES, .summary = "Sign in",
          .interface = "Sessions", .method = "Login",
          .inputs = { BODY("username", "username"), BODY("password", "password"), BODY_OPTION("refresh", "options.refresh", "b") },
          .outputs = SIGNED_IN, .fixed = BEARER },
        { "POST", "/api/auth/register", BH_ACCESS_PUBLIC, .flags = BH_ROUTE_CLIENT | BH_ROUTE_SETS_COOKIES,
          .summary = "Open an account for oneself", .interface = "Sessions", .method = "Register",
          .inputs = { BODY("username", "username"), BODY_MAYBE("email", "email"), BODY("password", "password"),
                      BODY_OPTION("refresh", "options.refresh", "b") },
          .outputs = SIGNED_IN, .fixed = BEARER, .errors = { { "Exists", 409, "User already exists" } } },
        { "GET", "/api/auth/me", BH_ACCESS_USER, .summary = "One's own account", .interface = "Sessions", .method = "WhoAmI",
          .outputs = USER_OUT },
        { "POST", "/api/auth/refresh", BH_ACCESS_PUBLIC,
          .flags = BH_ROUTE_CLIENT | BH_ROUTE_COOKIE | BH_ROUTE_SETS_COOKIES, .summary = "A new access token, by cookie",
          .interface = "Sessions", .method = "Refresh",
          .inputs = { { .source = BH_FROM_COOKIE, .names = "baluhost_refresh", .target = "refresh_token", .value = "" } },
          .outputs = SIGNED_IN, .fixed = BEARER },
        { "POST", "/api/auth/logout", BH_ACCESS_USER, .flags = BH_ROUTE_COOKIE | BH_ROUTE_CLEARS_COOKIES, .summary = "Sign out",
          .interface = "Sessions", .method = "Logout",
          .inputs = { { .source = BH_FROM_COOKIE, .names = "baluhost_refresh", .target = "options.refresh_token", .type = "s" } },
          .fixed = { { "message", "Logged out" } } },
        { "POST", "/api/auth/change-password", BH_ACCESS_USER, .summary = "Change one's own password", .interface = "Sessions",
          .method = "ChangePassword",
          .inputs = { BODY("current_password", "current_password"), BODY("new_password", "new_password") },
          .fixed = { { "message", "Password changed" } },
          .errors = { { "InvalidCredentials", 400, "Current password is incorrect" }, { "InvalidArgument", 400, NULL } } },
        { "GET", "/api/auth/setup", BH_ACCESS_PUBLIC, .summary = "Whether there is an administrator yet", .interface = "Manager",
          .method = "GetHealth", .handler = bh_setup_state, .reply_schema = "Setup" },
        { "POST", "/api/auth/setup", BH_ACCESS_PUBLIC, .status = 201, .summary = "Create the first administrator",
          .interface = "Users", .method = "CreateFirstAdmin",
          .inputs = { BODY("username", "username"), BODY("password", "password"), BODY("setup_token", "setup_token"),
                      BODY_OPTION("email", "options.email", "s") },
          .outputs = USER_OUT },
        { "GET", "/api/auth/sessions", BH_ACCESS_USER, .summary = "One's own sessions", .interface = "Sessions", .method = "List",
          .outputs = { OUT_SCHEMA("sessions", "sessions", "Session") } },
        { "DELETE", "/api/auth/sessions/{session_id}", BH_ACCESS_USER, .status = 204, .summary = "End one of one's own sessions",
          .interface = "Sessions", .method = "Revoke", .inputs = { PATH("session_id", "session_id") } },

        /* files */
        { "GET", "/api/files/list", BH_ACCESS_USER, .summary = "Files and folders of a folder. ETag names what they are now; If-None-Match asks whether that has changed", .interface = "Files", .method = "List",
          .inputs = { QUERY("path", "path"), QUERY_OPTION("limit", "options.limit", "u"), QUERY_OPTION("cursor", "options.cursor", "s"),
                      QUERY_CHOICE("sort", "options.sort", "name|size|modified"), QUERY_CHOICE("order", "options.order", "asc|desc") },
          .handler = bh_list_serve, .outputs = { OUT_SCHEMA("entries", "files", "FileItem"), OUT("next_cursor", "next_cursor"), OUT("total", "total") },
          .errors = { { "NotFound", 200, "{\"files\":[],\"next_cursor\":null,\"total\":0}" } } },
        { "GET", "/api/files/stat", BH_ACCESS_USER, .summary = "One file or folder", .interface = "Files", .method = "Stat",
          .inputs = { QUERY("path", "path") }, .outputs = { OUT_SCHEMA("entry", "", "FileItem") },
          .errors = { { "NotFound", 404, "File not found" } } },
        DOWNLOAD_ROW("/api/files/download", QUERY_NEEDED("path", "path"), 0),
        DOWNLOAD_ROW("/api/files/download/{path}", PATH("path", "path"), 0),
        { "PUT", "/api/files/content/{path}", BH_ACCESS_USER, .flags = BH_ROUTE_STREAM,
          .summary = "Write a file. 201: new, 200: replaced. If-Match with an ETag replaces only that version", .interface = "Files",
          .method = "BeginUpload",
          .inputs = { PATH("path", "path"), QUERY_OPTION("overwrite", "options.overwrite", "b"),
                      QUERY_OPTION("parents", "options.parents", "b"), QUERY_OPTION("modified_usec", "options.modified_usec", "x") },
          .early = bh_upload_put_begin, .handler = bh_upload_put_end, .media = "application/octet-stream",
          .reply_schema = "FileItem" },
        { "POST", "/api/files/upload", BH_ACCESS_USER, .flags = BH_ROUTE_STREAM,
          .summary = "Upload files as a form: the fields path and overwrite first, then files, whose names may have folders in front",
          .interface = "Files", .method = "BeginUpload",
          .inputs = { QUERY("path", "path"), QUERY_OPTION("overwrite", "options.overwrite", "b") }, .early = bh_upload_form_begin,
          .handler = bh_upload_form_end, .media = "multipart/form-data", .reply_schema = "Uploaded" },
        { "GET", "/api/files/storage/available", BH_ACCESS_USER, .summary = "Free space and quota", .interface = "Files",
          .method = "GetUsage", .handler = bh_storage_available, .reply_schema = "Available" },
        { "GET", "/api/files/usage", BH_ACCESS_USER, .summary = "Space used, by oneself and by all", .interface = "Files",
          .method = "GetUsage", .outputs = { OUT_SCHEMA("usage", "", "Usage") } },
        FOLDER_ROW("/api/files/folder", 0),
        FOLDER_ROW("/api/files/create-folder", BH_ROUTE_DEPRECATED),
        FOLDER_ROW("/api/files/mkdir", BH_ROUTE_DEPRECATED),
        RENAME_ROW("PUT", 0),
        RENAME_ROW("POST", BH_ROUTE_DEPRECATED),
        MOVE_ROW("PUT", 0),
        MOVE_ROW("POST", BH_ROUTE_DEPRECATED),
        { "POST", "/api/files/copy", BH_ACCESS_USER, .status = 202, .summary = "Copy a file or folder, as a job", .interface = "Files",
          .method = "Copy",
          .inputs = { BODY("source_path", "source"), BODY("target_path", "target"), BODY_OPTION("keep_both", "options.keep_both", "b") },
          .outputs = { OUT("job", "job_id") } },
        { "GET", "/api/files/access", BH_ACCESS_USER, .summary = "Which rule decides who may do what", .interface = "Files",
          .method = "ExplainAccess", .inputs = { QUERY("path", "path"), QUERY("user_id", "user_id") },
          .outputs = { OUT("may_view", "may_view"), OUT("may_change", "may_change"), OUT("may_add", "may_add"), OUT("rule", "rule"),
                       OUT("explanation", "explanation") } },
        { "GET", "/api/files/trash", BH_ACCESS_USER, .summary = "What was deleted", .interface = "Files", .method = "ListTrash",
          .inputs = { QUERY_OPTION("all", "options.all", "b") }, .outputs = { OUT_SCHEMA("items", "items", "TrashItem") } },
        { "POST", "/api/files/trash/{trash_id}/restore", BH_ACCESS_USER, .summary = "Undo a deletion", .interface = "Files",
          .method = "RestoreTrash",
          .inputs = { PATH("trash_id", "trash_id"), BODY_OPTION("keep_both", "options.keep_both", "b"),
                      BODY_OPTION("parents", "options.parents", "b") },
          .outputs = { OUT("path", "path") }, .fixed = { { "message", "Restored" } } },
        { "DELETE", "/api/files/trash/{trash_id}", BH_ACCESS_USER, .summary = "Delete for good", .interface = "Files",
          .method = "PurgeTrash", .inputs = { PATH("trash_id", "trash_id") }, .outputs = { OUT("freed_bytes", "freed_bytes") } },
        { "DELETE", "/api/files/trash", BH_ACCESS_USER,
          .summary = "Empty one's own trash; 409 while the root has something named “trash”, which may be meant: delete that by /api/files/delete",
          .interface = "Files", .method = "PurgeTrash", .outputs = { OUT("freed_bytes", "freed_bytes") }, .handler = bh_trash_empty },
        DELETE_ROW("/api/files/delete", QUERY_NEEDED("path", "path"), 0),
        DELETE_ROW("/api/files/{path}", PATH("path", "path"), 0),

        /* jobs */
        { "GET", "/api/jobs/{job_id}", BH_ACCESS_USER, .summary = "How a job goes on", .interface = "Job",
          .method = "GetResult", .object = "jobs/{job_id}", .handler = bh_job_get,
          .reply_schema = "Job" },
        { "DELETE", "/api/jobs/{job_id}", BH_ACCESS_USER, .summary = "Cancel a job", .interface = "Job",
          .method = "Cancel", .object = "jobs/{job_id}", .fixed = SAYS("Cancelled") },
        { "GET", "/api/jobs", BH_ACCESS_USER, .summary = "Jobs that run or ended of late: one’s own, and those about the storage for administrators",
          .interface = "Manager", .method = "ListJobs", .outputs = { OUT_SCHEMA("jobs", "jobs", "ListedJob") } },

        /* storage */
        { "GET", "/api/storage", BH_ACCESS_USER, .summary = "Whether disks can be managed, and what can be done with them", .interface = "Storage",
          .method = "GetSpeedLimits", .handler = bh_storage_state, .reply_schema = "StorageState" },
        LIST_ROW("/api/storage/disks", "ListDisks", "disks", "Disk", "Disks, the expected ones that are absent too"),
        ONE_ROW("/api/storage/disks/{disk_id}", "disks/{disk_id}", "ListDisks", "Disk", "One disk"),
        LIST_ROW("/api/storage/arrays", "ListArrays", "arrays", "Array", "RAID arrays, also those that did not start"),
        ONE_ROW("/api/storage/arrays/{array_id}", "arrays/{array_id}", "ListArrays", "Array", "One array"),
        LIST_ROW("/api/storage/pools", "ListPools", "pools", "Pool", "Pools; the first, without an id, is the storage root of the configuration"),
        ONE_ROW("/api/storage/pools/{pool_id}", "pools/{pool_id}", "ListPools", "Pool", "One pool"),
        { "POST", "/api/storage/compare-levels", BH_ACCESS_ADMIN, .summary = "What each RAID level would make of some disks", .interface = "Storage",
          .method = "CompareLevels", .inputs = { BODY("disks", "disks"), BODY_OPTION("spares", "options.spares", "u") },
          .outputs = { OUT_SCHEMA("levels", "levels", "Level") } },
        { "POST", "/api/storage/simulate-failure", BH_ACCESS_USER, .summary = "What would be lost if some disks died", .interface = "Storage",
          .method = "SimulateFailure", .inputs = { BODY("disks", "disks") }, .outputs = { OUT_SCHEMA("effects", "effects", "Effect") } },
        { PLAN_ROW("array", "PlanArray"), .summary = "Plan an array: what it would be, and what would be lost",
          .inputs = { BODY("name", "name"), BODY("level", "level"), BODY("disks", "disks"), BODY_OPTION("spares", "options.spares", "ao"),
                      BODY_OPTION("chunk_size", "options.chunk_size", "t"), BODY_OPTION("bitmap", "options.bitmap", "b") } },
        { PLAN_ROW("format", "PlanFormat"), .summary = "Plan a pool on a disk or array",
          .inputs = { BODY("target", "target"), BODY("name", "name"), BODY("filesystem", "filesystem"), BODY_OPTION("label", "options.label", "s") } },
        { PLAN_ROW("delete", "PlanDelete"), .summary = "Plan the end of an array or pool", .inputs = { BODY("target", "target") } },
        { PLAN_ROW("add", "PlanAdd"), .summary = "Plan to add a disk to an array", .inputs = { BODY("array", "array"), BODY("disk", "disk") } },
        { PLAN_ROW("repair", "PlanRepair"), .summary = "Plan the repair of an array",
          .inputs = { BODY("array", "array"), BODY_OPTION("disk", "options.disk", "o") } },
        { "POST", "/api/storage/apply", BH_ACCESS_ADMIN, .status = 202, .summary = "Do what was planned, as a job", .interface = "Storage",
          .method = "Apply", .inputs = { BODY("token", "token") }, .outputs = JOB_OUT },
        { "POST", "/api/storage/adopt", BH_ACCESS_ADMIN, .status = 201, .summary = "Make a pool of a filesystem that is there", .interface = "Storage",
          .method = "Adopt", .inputs = { BODY("source", "source"), BODY("name", "name") }, .outputs = { OUT("pool", "pool_id") } },
        { DISK_ROW("GET", "/smart", BH_ACCESS_USER, "GetSmart"), .summary = "SMART attributes of a disk as they were read last",
          .outputs = { OUT_SCHEMA("attributes", "attributes", "SmartAttribute") } },
        { DISK_ROW("GET", "/smart/history", BH_ACCESS_USER, "GetSmartHistory"), .summary = "How an attribute changed; 0 is the temperature",
          .inputs = { QUERY_NEEDED("attribute", "attribute"), QUERY_OPTION("from_usec", "options.from_usec", "x"),
                      QUERY_OPTION("to_usec", "options.to_usec", "x") },
          .outputs = { OUT_SCHEMA("samples", "samples", "SmartSample") } },
        { DISK_ROW("POST", "/smart/refresh", BH_ACCESS_ADMIN, "RefreshSmart"), .summary = "Read the SMART values now",
          .inputs = { BODY_OPTION("wake", "options.wake", "b") }, .fixed = SAYS("Read") },
        { DISK_ROW("POST", "/selftest", BH_ACCESS_ADMIN, "StartSelftest"), .status = 202, .summary = "Start a self-test: short or extended",
          .inputs = { BODY("type", "type") }, .outputs = JOB_OUT },
        { DISK_ROW("DELETE", "/selftest", BH_ACCESS_ADMIN, "AbortSelftest"), .summary = "Abort the self-test", .fixed = SAYS("Aborted") },
        { DISK_ROW("PUT", "/slot", BH_ACCESS_ADMIN, "SetSlot"), .summary = "Name the bay that a disk is in", .inputs = { BODY("slot", "slot") },
          .fixed = SAYS("Named") },
        { DISK_ROW("POST", "/forget", BH_ACCESS_ADMIN, "Forget"), .summary = "Expect an absent disk no more", .fixed = SAYS("Forgotten") },
        { ARRAY_ROW("/repair", "Repair"), .status = 202, .summary = "Repair an array in one step, where nothing is lost by it",
          .inputs = { BODY_OPTION("disk", "options.disk", "o") }, .outputs = JOB_OUT },
        { ARRAY_ROW("/remove-member", "RemoveMember"), .summary = "Take a disk out of an array",
          .inputs = { BODY("disk", "disk"), BODY_OPTION("wipe", "options.wipe", "b") }, .fixed = SAYS("Removed") },
        { ARRAY_ROW("/scrub", "Scrub"), .status = 202, .summary = "Compare all copies: check, or repair", .inputs = { BODY("action", "action") },
          .outputs = JOB_OUT },
        { ARRAY_ROW("/bitmap", "SetBitmap"), .summary = "Keep a write-intent bitmap: internal, or none", .inputs = { BODY("bitmap", "bitmap") },
          .fixed = SAYS("Changed") },
        { ARRAY_ROW("/start", "Start"), .summary = "Start an array", .inputs = { BODY_OPTION("degraded", "options.degraded", "b") },
          .fixed = SAYS("Started") },
        { ARRAY_ROW("/stop", "Stop"), .summary = "Stop an array", .fixed = SAYS("Stopped") },
        { ARRAY_ROW("/grow", "Grow"), .status = 202, .summary = "Give an array more members", .inputs = { BODY("devices", "devices") },
          .outputs = JOB_OUT },
        { ARRAY_ROW("/forget", "Forget"), .summary = "Expect an absent array no more", .fixed = SAYS("Forgotten") },
        { POOL_ROW("POST", "/mount", "Mount"), .summary = "Mount a pool", .fixed = SAYS("Mounted") },
        { POOL_ROW("POST", "/unmount", "Unmount"), .summary = "Unmount a pool", .inputs = { BODY_OPTION("force", "options.force", "b") },
          .fixed = SAYS("Unmounted") },
        { POOL_ROW("GET", "/users", "GetUsers"), .summary = "What uses a pool", .outputs = { OUT_SCHEMA("users", "users", "PoolUser") } },
        { POOL_ROW("POST", "/default", "SetDefault"), .summary = "Let front ends begin with this pool", .fixed = SAYS("Changed") },
        { POOL_ROW("POST", "/rename", "Rename"), .summary = "Rename a pool and its folder", .inputs = { BODY("name", "name") },
          .fixed = SAYS("Renamed") },
        { POOL_ROW("POST", "/grow", "Grow"), .status = 202, .summary = "Make the filesystem as large as what it is on", .outputs = JOB_OUT },
        { POOL_ROW("POST", "/detach", "Detach"), .summary = "Forget a pool, and keep what is in it",
          .inputs = { BODY_OPTION("force", "options.force", "b") }, .fixed = SAYS("Detached") },

        /* the same by names, as BaluHost 0.1 had it */
        { "GET", "/api/system/raid/status", BH_ACCESS_USER, .summary = "RAID arrays and their members", .interface = "Storage",
          .method = "ListArrays", .handler = bh_raid_status, .reply_schema = "RaidStatus" },
        { "GET", "/api/system/raid/available-disks", BH_ACCESS_ADMIN, .summary = "Disks, and whether they are free", .interface = "Storage",
          .method = "ListDisks", .handler = bh_raid_available_disks, .reply_schema = "AvailableDisks" },
        { "GET", "/api/system/smart/status", BH_ACCESS_USER, .summary = "Health of the disks", .interface = "Storage",
          .method = "ListDisks", .handler = bh_smart_status, .reply_schema = "SmartStatus" },
        { "GET", "/api/files/mountpoints", BH_ACCESS_USER, .summary = "Pools that files can be in", .interface = "Storage",
          .method = "ListPools", .handler = bh_mountpoints, .reply_schema = "Mountpoints" },
        RAID_ROW("degrade", "Fail a member and take it out", "RaidChange", bh_raid_degrade),
        RAID_ROW("rebuild", "Put a member back, or a replacement in", "RaidChange", bh_raid_rebuild),
        RAID_ROW("finalize", "Whether an array is whole again; 202 with the job to watch while it is not", "RaidChange", bh_raid_finalize),
        RAID_ROW("options", "Change bitmap and members, start a scrub", "RaidOptions", bh_raid_options),
        RAID_ROW("format-disk", "Make a pool of a disk. Without the token of a plan: 409 with the plan", "RaidFormat", bh_raid_format_disk),
        RAID_ROW("create-array", "Create an array. Without the token of a plan: 409 with the plan", "RaidCreate", bh_raid_create_array),
        RAID_ROW("delete-array", "Delete an array. Without the token of a plan: 409 with the plan", "RaidDelete", bh_raid_delete_array),

        /* what happens */
        { "GET", "/api/events", BH_ACCESS_USER, .summary = "What happens, as server-sent events: each says what to read again", .interface = "Sessions",
          .method = "WhoAmI", .handler = bh_events_serve, .media = "text/event-stream" },
        { "GET", "/api/alerts", BH_ACCESS_USER, .summary = "What needs a person; all: what did once, too", .interface = "Manager",
          .method = "ListAlerts", .inputs = { QUERY_OPTION("all", "options.all", "b") }, .outputs = { OUT_SCHEMA("alerts", "alerts", "Alert") } },
        { "POST", "/api/alerts/{alert_id}/acknowledge", BH_ACCESS_ADMIN, .summary = "Say that one knows", .interface = "Alert",
          .method = "Acknowledge", .object = "alerts/{alert_id}", .fixed = SAYS("Acknowledged") },

        /* users */
        { "GET", "/api/users", BH_ACCESS_ADMIN, .summary = "Accounts", .interface = "Users", .method = "List",
          .inputs = { QUERY_OPTION("search", "options.search", "s"), QUERY_CHOICE("role", "options.role", "admin|user"),
                      QUERY_OPTION("is_active", "options.is_active", "b"),
                      QUERY_CHOICE("sort_by", "options.sort_by", "username|email|role|created_at|is_active|used_bytes"),
                      QUERY_CHOICE("sort_order", "options.sort_order", "asc|desc") },
          .outputs = { OUT_SCHEMA("users", "users", "User"), OUT("total", "total"), OUT("active", "active"), OUT("inactive", "inactive"),
                       OUT("admins", "admins") } },
        { "POST", "/api/users", BH_ACCESS_ADMIN, .status = 201, .summary = "Create an account", .interface = "Users", .method = "Create",
          .inputs = { BODY("username", "username"), BODY("password", "password"), BODY_OPTION("email", "options.email", "s"),
                      BODY_OPTION("role", "options.role", "s"), BODY_OPTION("quota_bytes", "options.quota_bytes", "t"),
                      BODY_OPTION("is_active", "options.is_active", "b"), BODY_OPTION("uid", "options.uid", "x") },
          .outputs = USER_OUT, .errors = { { "Exists", 409, "Username already exists" } } },
        { "POST", "/api/users/bulk-delete", BH_ACCESS_ADMIN, .flags = BH_ROUTE_ARRAY_BODY, .summary = "Delete several accounts",
          .interface = "Users", .method = "Delete", .handler = bh_users_bulk_delete, .reply_schema = "BulkDeleted" },
        UPDATE_USER_ROW("PATCH", 0),
        UPDATE_USER_ROW("PUT", 0),
        { "GET", "/api/users/{user_id}", BH_ACCESS_ADMIN, .summary = "One account", .interface = "Users", .method = "Get",
          .inputs = { PATH("user_id", "user_id") }, .outputs = USER_OUT, .errors = { USER_GONE } },
        { "DELETE", "/api/users/{user_id}", BH_ACCESS_ADMIN, .status = 204, .summary = "Delete an account, and keep or trash its files",
          .interface = "Users", .method = "Delete",
          .inputs = { PATH("user_id", "user_id"),
                      { .source = BH_FROM_QUERY, .names = "files", .target = "files", .value = "trash", .allowed = "keep|trash" } },
          .errors = { USER_GONE } },
        { "PATCH", "/api/users/{user_id}/toggle-active", BH_ACCESS_ADMIN, .summary = "Disable an account, or enable it again",
          .interface = "Users", .method = "Get", .inputs = { PATH("user_id", "user_id") }, .outputs = USER_OUT, .errors = { USER_GONE },
          .handler = bh_users_toggle_active },

        /* the NAS */
        { "GET", "/api/health", BH_ACCESS_PUBLIC, .summary = "Whether the NAS can do its work", .interface = "Manager",
          .method = "GetHealth", .outputs = { OUT_SCHEMA("health", "", "Health") } },
        {},
};

/* clang-format on */
static void add_allowed(GString *allowed, const char *verb) {
        if (strstr(allowed->str, verb))
                return;
        if (allowed->len > 0)
                g_string_append(allowed, ", ");
        g_string_append(allowed, verb);
        if (g_str_equal(verb, "GET"))
                g_string_append(allowed, ", HEAD");
}

const BhRoute *bh_route_find(const char *verb, const char *path, GHashTable *values, char **allowed) {
        g_autoptr(GString) verbs = g_string_new(NULL);

        if (g_str_equal(verb, "HEAD"))
                verb = "GET";
        for (const BhRoute *route = bh_routes; route->verb; route++) {
                if (!bh_template_match(route->path, path, NULL))
                        continue;
                if (g_str_equal(route->verb, verb)) {
                        bh_template_match(route->path, path, values);
                        return route;
                }
                add_allowed(verbs, route->verb);
        }
        *allowed = verbs->len > 0 ? g_string_free(g_steal_pointer(&verbs), FALSE) : NULL;
        return NULL;
}
