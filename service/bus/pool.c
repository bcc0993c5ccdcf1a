/* SPDX-License-Identifier: MIT */

#include "bus/pool.h"

#include "bus/call.h"
#include "bus/exports.h"
#include "bus/job.h"
#include "bus/polkit.h"
#include "errors.h"
#include "pools.h"
#include "roots.h"

/* FIELD(property, key in dictionaries, D-Bus type, member of BhPoolView, ALWAYS in dictionaries or only when it is KNOWN); the UUID never changes, and so has another flag
 * in the vtable. */
#define POOL_FIELDS(FIELD)                                                                                             \
        FIELD("Name", "name", "s", name, ALWAYS)                                                                       \
        FIELD("Filesystem", "filesystem", "s", filesystem, KNOWN)                                                      \
        FIELD("Source", "source", "o", source, ALWAYS)                                                                 \
        FIELD("Level", "level", "s", level, KNOWN)                                                                     \
        FIELD("MountPoint", "mount_point", "s", mount_point, ALWAYS)                                                   \
        FIELD("Size", "size", "t", size, KNOWN)                                                                        \
        FIELD("Used", "used", "t", used, ALWAYS)                                                                       \
        FIELD("Free", "free", "t", available, ALWAYS)                                                                  \
        FIELD("State", "state", "s", state, ALWAYS)                                                                    \
        FIELD("StateText", "state_text", "s", state_text, ALWAYS)                                                      \
        FIELD("IsDefault", "is_default", "b", is_default, ALWAYS)                                                      \
        FIELD("LastSeen", "last_seen_usec", "x", last_seen_usec, KNOWN)

#define ROW(property, key, type, member, is) {property, key, type, offsetof(BhPoolView, member), BH_FIELD_##is},
static const BhField fields[] = {ROW("Uuid", "uuid", "s", uuid, KNOWN) POOL_FIELDS(ROW)};
#undef ROW

/* Mount, Unmount, SetDefault, Rename, Detach; Storage.Adopt --------------------------------------------------------------------------------- */

typedef struct PoolCall {
        BhPoolsChange change;
        bool force;
        char *name, *source;
} PoolCall;

static void pool_call_clear(void *data) {
        PoolCall *pool_call = data;

        bh_pools_change_clear(&pool_call->change);
        g_free(pool_call->name);
        g_free(pool_call->source);
}

static void pool_call_end(BhCall *call, void *data) {
        bh_pools_end(call->service->pools, &((PoolCall *)data)->change);
}

static int mount_work(BhCall *call, void *data) {
        return bh_pools_mount_do(call->service->pools, &call->caller, &((PoolCall *)data)->change, &call->failure);
}

static int unmount_work(BhCall *call, void *data) {
        PoolCall *pool_call = data;

        return bh_pools_unmount_do(call->service->pools, &call->caller, &pool_call->change, pool_call->force,
                                   &call->failure);
}

static int detach_work(BhCall *call, void *data) {
        PoolCall *pool_call = data;

        return bh_pools_detach_do(call->service->pools, &call->caller, &pool_call->change, pool_call->force,
                                  &call->failure);
}

static int set_default_work(BhCall *call, void *data) {
        return bh_pools_set_default_do(call->service->pools, &call->caller, &((PoolCall *)data)->change,
                                       &call->failure);
}

static int rename_work(BhCall *call, void *data) {
        PoolCall *pool_call = data;

        return bh_pools_rename_do(call->service->pools, &call->caller, &pool_call->change, pool_call->name,
                                  &call->failure);
}

static int adopt_work(BhCall *call, void *data) {
        PoolCall *pool_call = data;

        return bh_pools_adopt_do(call->service->pools, &call->caller, &pool_call->change, pool_call->source,
                                 pool_call->name, &call->failure);
}

static int adopt_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "o", ((PoolCall *)data)->change.path);
}

/* What all of them have in common. */
#define POOL_METHOD(method_name, method_work)                                                                          \
        {                                                                                                              \
                .name = (method_name), .who = BH_WHO_ADMIN, .action = BH_POLKIT_POOL_MANAGE, .pool = BH_POOL_STORAGE,  \
                .size = sizeof(PoolCall), .clear = pool_call_clear, .needs_storage = true, .waits_for_recovery = true, \
                .work = (method_work), .end = pool_call_end,                                                           \
        }

static const BhMethod mount_method = POOL_METHOD("Pool.Mount", mount_work);
static const BhMethod unmount_method = POOL_METHOD("Pool.Unmount", unmount_work);
static const BhMethod detach_method = POOL_METHOD("Pool.Detach", detach_work);
static const BhMethod set_default_method = POOL_METHOD("Pool.SetDefault", set_default_work);
static const BhMethod rename_method = POOL_METHOD("Pool.Rename", rename_work);

static const BhMethod adopt_method = {
        .name = "Storage.Adopt",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_POOL_MANAGE,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(PoolCall),
        .clear = pool_call_clear,
        .needs_storage = true,
        .waits_for_recovery = true,
        .work = adopt_work,
        .reply = adopt_reply,
        .end = pool_call_end,
};

static BhCall *new_call(sd_bus_message *m, const BhExport *object, const BhMethod *method) {
        BhCall *call = bh_call_new(object->service, m, method);

        ((PoolCall *)call->data)->change.path = g_strdup(object->path);
        return call;
}

static int method_mount(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = new_call(m, userdata, &mount_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static int start_with_force(sd_bus_message *m, const BhExport *object, const BhMethod *method, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = new_call(m, object, method);
        const BhOption options[] = {{"force", 'b', &((PoolCall *)call->data)->force, NULL, 0}};

        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

static int method_unmount(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start_with_force(m, userdata, &unmount_method, error);
}

static int method_detach(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start_with_force(m, userdata, &detach_method, error);
}

static int method_set_default(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = new_call(m, userdata, &set_default_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static int method_rename(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = new_call(m, userdata, &rename_method);
        int r = bh_options_read_string(m, "name", BH_CALL_PATH_MAX, &((PoolCall *)call->data)->name, error);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

int bh_storage_method_adopt(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &adopt_method);
        PoolCall *pool_call = call->data;
        int r;

        r = bh_options_read_path(m, &pool_call->source);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "name", BH_CALL_PATH_MAX, &pool_call->name, error);
        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Grow(a{sv} options) → o job ---------------------------------------------------------------------------------------------------------------- */

typedef struct GrowJob {
        BhService *service;
        BhCaller caller;
        BhPoolsChange change;
        bool is_ended;
} GrowJob;

static void grow_job_free(void *data) {
        GrowJob *grow = data;

        if (!grow->is_ended && grow->change.held)
                bh_pools_end(grow->service->pools, &grow->change);
        bh_pools_change_clear(&grow->change);
        bh_caller_clear(&grow->caller);
        g_free(grow);
}

static int grow_run(BhJob *job, void *data, char **result, BhFailure *failure) {
        GrowJob *grow = data;
        int r;

        bh_job_set_text(job, "Making the filesystem as large as what it is on");
        r = bh_pools_grow_do(grow->service->pools, &grow->caller, &grow->change, failure);
        if (r >= 0)
                *result = g_strdup(grow->change.path);
        return r;
}

static const BhJobKind grow_kind = {
        .operation = "pool-grow",
        .pool = BH_POOL_STORAGE,
        .is_storage = true,
        .run = grow_run,
        .free = grow_job_free,
};

static int grow_prepare(BhCall *call, void *data) {
        return bh_pools_check_growth(call->service->pools, ((PoolCall *)data)->change.path, &call->failure);
}

static int grow_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const PoolCall *pool_call = data;
        GrowJob *grow = g_new0(GrowJob, 1);
        const char *path;
        int r;

        grow->service = call->service;
        grow->change.path = g_strdup(pool_call->change.path);
        bh_caller_copy(&grow->caller, &call->caller);
        r = bh_job_start(call->service, &call->caller, &grow_kind, pool_call->change.path, grow, &path);
        return r < 0 ? bh_call_fail(call, r, "Cannot make the pool larger") : sd_bus_message_append(reply, "o", path);
}

static const BhMethod grow_method = {
        .name = "Pool.Grow",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_POOL_MANAGE,
        .size = sizeof(PoolCall),
        .clear = pool_call_clear,
        .needs_storage = true,
        .prepare = grow_prepare,
        .reply = grow_reply,
};

static int method_grow(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = new_call(m, userdata, &grow_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* GetUsers(a{sv} options) → aa{sv} users ---------------------------------------------------------------------------------------------------- */

typedef struct Users {
        char *path;
        GPtrArray *uses; /* of BhRootUse */
} Users;

static void users_clear(void *data) {
        Users *users = data;

        g_free(users->path);
        if (users->uses)
                g_ptr_array_unref(users->uses);
}

static int users_prepare(BhCall *call, void *data) {
        Users *users = data;

        return bh_pools_list_uses(call->service->pools, users->path, &users->uses, &call->failure);
}

static int users_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Users *users = data;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r >= 0 && bh_jobs_find(call->service->jobs, users->path, NULL))
                r = sd_bus_message_append(reply, "a{sv}", 2, "kind", "s", "job", "text", "s", "a job about it");
        for (unsigned i = 0; r >= 0 && i < users->uses->len; i++) {
                const BhRootUse *use = users->uses->pdata[i];

                r = sd_bus_message_append(reply, "a{sv}", 2, "kind", "s", use->kind, "text", "s", use->text);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod users_method = {
        .name = "Pool.GetUsers",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_POOL_MANAGE,
        .size = sizeof(Users),
        .clear = users_clear,
        .needs_storage = true,
        .prepare = users_prepare,
        .reply = users_reply,
};

static int method_get_users(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const BhExport *object = userdata;
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(object->service, m, &users_method);

        ((Users *)call->data)->path = g_strdup(object->path);
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Objects ---------------------------------------------------------------------------------------------------------------------------------- */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Uuid", "s", bh_exports_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        POOL_FIELDS(BH_FIELD_PROPERTY) SD_BUS_METHOD_WITH_ARGS("Mount", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                                                               method_mount, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Unmount", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_unmount,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetUsers", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", users),
                                method_get_users, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetDefault", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_set_default,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Rename", SD_BUS_ARGS("s", name, "a{sv}", options), SD_BUS_NO_RESULT, method_rename,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Grow", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job), method_grow,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Detach", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_detach,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static const BhExportKind kind = {
        .interface = BH_BUS_NAME ".Pool",
        .vtable = vtable,
        .fields = fields,
        .n_fields = G_N_ELEMENTS(fields),
};

BhExports *bh_bus_pools_new(BhService *service) {
        return bh_exports_new(service, &kind);
}

void bh_bus_pools_show(BhExports *exports, const BhPools *pools) {
        size_t n;
        const BhPoolView *list = bh_pools_list(pools, &n);

        bh_exports_show(exports, list, n, sizeof(BhPoolView), offsetof(BhPoolView, path));
}

/* ListPools(a{sv} options) → aa{sv} pools --------------------------------------------------------------------------------------------------- */

static int append_pool(sd_bus_message *m, const BhPoolView *pool) {
        return bh_field_append_dictionary(m, fields, G_N_ELEMENTS(fields), pool->path, pool);
}

static int list_reply(BhCall *call, void *data, sd_bus_message *reply) {
        size_t n;
        const BhPoolView *list = bh_pools_list(call->service->pools, &n);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r >= 0)
                r = append_pool(reply, bh_pools_get_main(call->service->pools));
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = append_pool(reply, &list[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod list_method = {
        .name = "Storage.ListPools",
        .who = BH_WHO_PEER,
        .reply = list_reply,
};

int bh_storage_method_list_pools(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}
