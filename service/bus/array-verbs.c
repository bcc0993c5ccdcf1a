/* SPDX-License-Identifier: MIT */

#include "array-verbs.h"

#include <errno.h>
#include <glib.h>

#include "audit.h"
#include "bus/call.h"
#include "bus/exports.h"
#include "bus/job.h"
#include "bus/plan-job.h"
#include "bus/polkit.h"
#include "bus/scrub-job.h"
#include "bus/storage-methods.h"
#include "disks.h"

#define WORD_MAX 64

/* All methods here: the array is the object. */
typedef struct Verb {
        char *path;
        char *disk, *word; /* as far as the method has them */
        bool flag;
        BhPlan *plan;
} Verb;

static void verb_clear(void *data) {
        Verb *verb = data;

        g_free(verb->path);
        g_free(verb->disk);
        g_free(verb->word);
        bh_plan_free(verb->plan);
}

static BhCall *verb_call_new(sd_bus_message *m, const BhExport *object, const BhMethod *method) {
        BhCall *call = bh_call_new(object->service, m, method);

        ((Verb *)call->data)->path = g_strdup(object->path);
        return call;
}

/* The end of work: a row in the audit trail, whatever came of it. action: "array-stop". message: of success; may be NULL. */
static int finish(BhCall *call, const BhTopology *topology, const char *action, int r, const char *message) {
        const Verb *verb = call->data;
        const BhArray *array = bh_topology_array(topology, verb->path);

        bh_audit_post(call->service->database, &call->caller,
                      &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                 .action = action,
                                 .target = array ? array->name : verb->path,
                                 .result = r,
                                 .message = r < 0 ? call->failure.message : message});
        return r;
}

/* Repair(a{sv} options) → o job, AddSpare(o disk, a{sv} options) → o job ------------------------------------------------------------------------------- */

/* In one step only what costs nothing. */
static int plan_harmless(BhCall *call, const BhTopology *topology, BhPlanRequest *request) {
        Verb *verb = call->data;
        int r;

        r = bh_plan_make(topology->inventory, request, &verb->plan, &call->failure);
        if (r < 0)
                return r;
        if (!bh_plan_is_harmless(verb->plan)) {
                g_autofree char *label = bh_plan_disk_label(&request->disks[0]);

                return bh_failure_set(&call->failure, -EACCES, "PlanRequired",
                                      "Something is on %s that would be lost: make a plan, and apply it", label);
        }
        return bh_plan_job_check(call, verb->plan);
}

static int audit_refusal(BhCall *call, const BhPlanRequest *request, int r) {
        if (r < 0 && call->failure.name && g_str_equal(call->failure.name, "Refused"))
                bh_plan_audit(call->service, &call->caller, request, r, call->failure.message);
        return r;
}

static int repair_work(BhCall *call, void *data) {
        const Verb *verb = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        int r;

        r = bh_plan_request_repair(topology, call->service->suspects, verb->path, verb->disk, &request, &call->failure);
        if (r >= 0)
                r = plan_harmless(call, topology, &request);
        return audit_refusal(call, &request, r);
}

static int add_spare_work(BhCall *call, void *data) {
        const Verb *verb = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        int r;

        r = bh_plan_request_add(topology, verb->path, verb->disk, &request, &call->failure);
        if (r >= 0)
                r = plan_harmless(call, topology, &request);
        return audit_refusal(call, &request, r);
}

static int plan_job_reply(BhCall *call, void *data, sd_bus_message *reply) {
        Verb *verb = data;
        const char *path;
        int r;

        r = bh_plan_job_start(call->service, &call->caller, g_steal_pointer(&verb->plan), &path);
        return r < 0 ? bh_call_fail(call, r, "Cannot begin") : sd_bus_message_append(reply, "o", path);
}

static const BhMethod repair_method = {
        .name = "Array.Repair",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_REPAIR,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Verb),
        .clear = verb_clear,
        .work = repair_work,
        .reply = plan_job_reply,
};

static const BhMethod add_spare_method = {
        .name = "Array.AddSpare",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_REPAIR,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Verb),
        .clear = verb_clear,
        .work = add_spare_work,
        .reply = plan_job_reply,
};

int bh_array_method_repair(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = verb_call_new(m, userdata, &repair_method);
        const BhOption options[] = {{"disk", 'o', &((Verb *)call->data)->disk, NULL, 0}};

        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

int bh_array_method_add_spare(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = verb_call_new(m, userdata, &add_spare_method);
        int r = bh_options_read_path(m, &((Verb *)call->data)->disk);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* RemoveMember(o disk, a{sv} options) -------------------------------------------------------------------------------------------------------------------- */

static int remove_member_work(BhCall *call, void *data) {
        const Verb *verb = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        const BhDisk *disk = bh_plan_find_disk(topology, verb->disk, "disk", &call->failure);
        g_autofree char *message = NULL;
        int r = topology->inventory->is_available ? -ENOENT : -ENODEV;

        if (disk) {
                message = g_strdup_printf("%s, serial %s", disk->model, disk->serial);
                r = bh_array_remove_member(call->service->udisks, call->service->suspects, topology, verb->path,
                                           verb->disk, verb->flag, &call->failure);
        }
        return finish(call, topology, "array-remove-member", r, message);
}

static const BhMethod remove_member_method = {
        .name = "Array.RemoveMember",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_MANAGE,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Verb),
        .clear = verb_clear,
        .work = remove_member_work,
};

int bh_array_method_remove_member(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = verb_call_new(m, userdata, &remove_member_method);
        const BhOption options[] = {{"wipe", 'b', &((Verb *)call->data)->flag, NULL, 0}};
        int r = bh_options_read_path(m, &((Verb *)call->data)->disk);

        return r < 0 ? r : bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* SetBitmap(s bitmap, a{sv} options) ------------------------------------------------------------------------------------------------------------------------ */

static int set_bitmap_work(BhCall *call, void *data) {
        const Verb *verb = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        int r = bh_array_set_bitmap(call->service->udisks, topology, verb->path, verb->word, &call->failure);

        return finish(call, topology, "array-set-bitmap", r, verb->word);
}

static const BhMethod set_bitmap_method = {
        .name = "Array.SetBitmap",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_MANAGE,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Verb),
        .clear = verb_clear,
        .work = set_bitmap_work,
};

int bh_array_method_set_bitmap(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = verb_call_new(m, userdata, &set_bitmap_method);
        int r = bh_options_read_string(m, "bitmap", WORD_MAX, &((Verb *)call->data)->word, error);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Start(a{sv} options), Stop(a{sv} options) --------------------------------------------------------------------------------------------------------------------- */

static int start_work(BhCall *call, void *data) {
        const Verb *verb = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        int r = bh_array_start(call->service->udisks, topology, verb->path, verb->flag, &call->failure);

        return finish(call, topology, "array-start", r, verb->flag ? "Also with members missing" : NULL);
}

static int stop_work(BhCall *call, void *data) {
        const Verb *verb = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        int r = bh_array_stop(call->service->udisks, topology, verb->path, &call->failure);

        return finish(call, topology, "array-stop", r, NULL);
}

static const BhMethod start_method = {
        .name = "Array.Start",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_MANAGE,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Verb),
        .clear = verb_clear,
        .work = start_work,
};

static const BhMethod stop_method = {
        .name = "Array.Stop",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_MANAGE,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Verb),
        .clear = verb_clear,
        .work = stop_work,
};

int bh_array_method_start(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = verb_call_new(m, userdata, &start_method);
        const BhOption options[] = {{"degraded", 'b', &((Verb *)call->data)->flag, NULL, 0}};

        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

int bh_array_method_stop(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = verb_call_new(m, userdata, &stop_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Scrub(s action, a{sv} options) → o job ------------------------------------------------------------------------------------------------------------------------- */

/* What can be known beforehand is an error of the call; the job begins it, so that whoever finds it running finds the job too. */
static int scrub_work(BhCall *call, void *data) {
        const Verb *verb = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        int r = bh_array_check_scrub(topology, verb->path, verb->word, &call->failure);

        return r < 0 ? finish(call, topology, "array-scrub", r, NULL) : 0;
}

static int scrub_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Verb *verb = data;
        const char *path;
        int r;

        r = bh_scrub_job_start(call->service, &call->caller, verb->path, verb->word, &path);
        return r < 0 ? bh_call_fail(call, r, "Cannot follow the scrub") : sd_bus_message_append(reply, "o", path);
}

static const BhMethod scrub_method = {
        .name = "Array.Scrub",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_SCRUB,
        .size = sizeof(Verb),
        .clear = verb_clear,
        .work = scrub_work,
        .reply = scrub_reply,
};

int bh_array_method_scrub(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = verb_call_new(m, userdata, &scrub_method);
        int r = bh_options_read_string(m, "action", WORD_MAX, &((Verb *)call->data)->word, error);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Grow(u devices, a{sv} options) → o job --------------------------------------------------------------------------------------------------------------------------- */

/* UDisks2 cannot reshape, and the service is not root. */
static int grow_prepare(BhCall *call, void *data) {
        return bh_failure_set(&call->failure, -EOPNOTSUPP, NULL,
                              "UDisks2 cannot add members to an array that is whole; mdadm --grow can");
}

static const BhMethod grow_method = {
        .name = "Array.Grow",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_MANAGE,
        .size = sizeof(Verb),
        .clear = verb_clear,
        .prepare = grow_prepare,
};

int bh_array_method_grow(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = verb_call_new(m, userdata, &grow_method);
        uint32_t devices;
        int r = sd_bus_message_read_basic(m, 'u', &devices);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}
