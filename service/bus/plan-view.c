/* SPDX-License-Identifier: MIT */

#include "bus/plan-view.h"

#include "bus/dictionary.h"
#include "macro.h"

static const char *path_or_root(const char *path) {
        return path && path[0] != '\0' ? path : "/";
}

static int append_warnings(sd_bus_message *m, const BhPlan *plan) {
        int r;

        r = bh_dictionary_open_list(m, "warnings", "as");
        for (guint i = 0; r >= 0 && i < plan->warnings->len; i++)
                r = sd_bus_message_append(m, "s", plan->warnings->pdata[i]);
        return r < 0 ? r : bh_dictionary_close_list(m);
}

static int append_loss(sd_bus_message *m, const BhPlanLoss *loss) {
        return sd_bus_message_append(m, "a{sv}", 7, "path", "o", path_or_root(loss->disk.path), "name", "s",
                                     loss->disk.name, "model", "s", loss->disk.model, "serial", "s", loss->disk.serial,
                                     "size", "t", loss->size, "contents", "s", loss->contents, "destroys", "b",
                                     (int)loss->destroys);
}

static int append_losses(sd_bus_message *m, const BhPlan *plan) {
        int r;

        r = bh_dictionary_open_list(m, "losses", "aa{sv}");
        for (guint i = 0; r >= 0 && i < plan->losses->len; i++)
                r = append_loss(m, plan->losses->pdata[i]);
        return r < 0 ? r : bh_dictionary_close_list(m);
}

static int append_repair(sd_bus_message *m, const BhPlan *plan) {
        const BhPlanFailed *failed = &plan->request.failed;
        const BhPlanDisk *disk = &plan->request.disks[0];
        int r;

        r = sd_bus_message_append(m, "{sv}", "failed", "a{sv}", 8, "slot", "i", failed->slot, "path", "o",
                                  path_or_root(failed->disk.path), "name", "s", failed->disk.name ?: "", "model", "s",
                                  failed->disk.model ?: "", "serial", "s", failed->disk.serial ?: "", "bay", "s",
                                  failed->disk.bay ?: "", "last_seen_usec", "x", failed->last_seen_usec, "state", "s",
                                  failed->state);
        if (r < 0)
                return r;
        return sd_bus_message_append(m, "{sv}", "replacement", "a{sv}", 6, "path", "o", path_or_root(disk->path),
                                     "name", "s", disk->name, "model", "s", disk->model, "serial", "s", disk->serial,
                                     "bay", "s", disk->bay, "why", "s", plan->request.why);
}

int bh_plan_append(sd_bus_message *m, const BhPlan *plan) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "kind", "s",
                                  bh_plan_kind_to_string(plan->request.kind), "title", "s", plan->title, "text", "s",
                                  plan->text, "name", "s", plan->name, "usable_bytes", "t", plan->usable_bytes,
                                  "survives", "u", plan->survives, "sync_usec", "t", plan->sync_usec, "expires_usec",
                                  "x", plan->expires_usec);
        if (r >= 0)
                r = append_warnings(m, plan);
        if (r >= 0)
                r = append_losses(m, plan);
        if (r >= 0 && plan->request.kind == BH_PLAN_ARRAY_REPAIR)
                r = append_repair(m, plan);
        return r < 0 ? r : sd_bus_message_close_container(m);
}
