/* SPDX-License-Identifier: MIT */

#include "service.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "account.h"
#include "alert-watch.h"
#include "alert.h"
#include "audit-chain.h"
#include "bitmap-wish.h"
#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/connect.h"
#include "bus/job.h"
#include "bus/peer.h"
#include "database.h"
#include "disks.h"
#include "files.h"
#include "log.h"
#include "macro.h"
#include "notification.h"
#include "plan-token.h"
#include "pools.h"
#include "session.h"
#include "setup.h"
#include "signin.h"
#include "smart-history.h"
#include "smart-reader.h"
#include "smart.h"
#include "suspects.h"
#include "telemetry.h"
#include "udisks.h"
#include "user.h"

/* Sessions that were used are written down after so long, and not at all while none is. */
#define FLUSH_USEC (UINT64_C(60) * BH_USEC_PER_SEC)

#define UPKEEP_USEC (UINT64_C(3600) * BH_USEC_PER_SEC)
#define UPKEEP_ACCURACY_USEC (UINT64_C(300) * BH_USEC_PER_SEC)

/* Domain ---------------------------------------------------------------------------------------------------------------------------------- */

static int give_away(void *userdata, const BhCaller *caller, const char *from_owner, const char *to_owner, bool trash) {
        BhService *service = userdata;

        if (!service->files)
                return -ENODEV;
        return trash ? bh_files_trash_owner(service->files, caller, from_owner, to_owner)
                     : bh_files_reassign_owner(service->files, caller, from_owner, to_owner);
}

/* The first key keeps its other name until the chain has begun, for a crash between the two would look as if somebody had taken its beginning away. */
static int start_audit(BhService *service) {
        g_autofree char *path = g_build_filename(service->config.state_directory, "audit.key", NULL);
        g_autofree char *first_path = g_strconcat(path, ".first", NULL);
        const bool is_first = access(path, F_OK) < 0 && errno == ENOENT;
        int r;

        r = bh_key_load(&service->audit_key, is_first ? first_path : path);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot use the key in %s", path);
                return r;
        }
        r = bh_audit_chain_start(service->database, &service->audit_key, is_first);
        if (r >= 0 && is_first && rename(first_path, path) < 0)
                r = -errno;
        if (r < 0)
                bh_log_error_errno(r, "Cannot go on with the audit trail");
        return r;
}

static int open_database(BhService *service) {
        g_autofree char *path = g_build_filename(service->config.state_directory, "baluhost.db", NULL);
        g_autofree char *key_path = g_build_filename(service->config.state_directory, "jwt.key", NULL);
        int r;

        if (g_mkdir_with_parents(service->config.state_directory, 0700) < 0) {
                r = -errno;
                bh_log_error_errno(r, "Cannot create %s", service->config.state_directory);
                return r;
        }
        r = bh_key_load(&service->key, key_path);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot use the key in %s", key_path);
                return r;
        }
        r = bh_database_open(&service->database, path);
        if (r < 0)
                bh_log_error_errno(r, "Cannot open the database %s", path);
        return r < 0 ? r : start_audit(service);
}

static int open_accounts(BhService *service) {
        const BhConfig *config = &service->config;
        const BhSessionsConfig sessions_config = {config->access_lifetime, config->access_lifetime_with_refresh,
                                                  config->refresh_lifetime};
        const BhUsersConfig users_config = {
                .cost = {config->password_opslimit, config->password_memlimit_kib * 1024},
                .forbidden_uid = config->bridge_uid == geteuid() ? BH_UID_NONE : config->bridge_uid,
                .give_away = give_away,
                .userdata = service,
        };
        int r;

        r = bh_accounts_load(&service->accounts, service->database);
        if (r >= 0)
                r = bh_sessions_load(&service->sessions, &sessions_config, service->database, service->accounts,
                                     &service->key);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot read the accounts");
                return r;
        }
        service->users = bh_users_new(&users_config, service->database, service->accounts, service->sessions);
        service->signin =
                bh_signin_new(config, service->database, service->accounts, service->sessions, service->users);
        return 0;
}

/* Without storage the service still says what is wrong with it, and lets people sign in to be told. */
static void open_storage(BhService *service) {
        const BhFilesConfig config = {service->config.storage_root, service->config.storage_quota,
                                      (uint32_t)service->config.trash_days};
        g_autofree char *reason = NULL;
        int r;

        r = bh_files_open(&service->files, &config, service->database, service->accounts, &reason);
        if (r < 0) {
                service->storage_problem = reason ? g_steal_pointer(&reason)
                                                  : g_strdup_printf("The storage %s cannot be used", config.root);
                bh_log_error_errno(r, "%s", service->storage_problem);
        }
}

/* Well-known people with well-known passwords, for development. */
static int seed(BhService *service) {
        const BhNewUser people[] = {
                {"admin", "changeme", NULL, BH_ROLE_ADMIN, true, 0, geteuid()},
                {"alex", "demo123", NULL, BH_ROLE_USER, true, 0, -1},
                {"maria", "demo123", NULL, BH_ROLE_USER, true, 0, -1},
        };
        _cleanup_(bh_caller_clear) BhCaller caller = bh_caller_of_service();
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(people); i++) {
                _cleanup_(bh_failure_clear) BhFailure failure = {};
                _cleanup_(bh_account_freep) BhAccount *account = NULL;

                r = bh_users_create(service->users, &caller, &people[i], BH_NEW_USER_SEED, "user-create", &failure,
                                    &account, NULL);
                if (r < 0) {
                        bh_log_error_errno(r, "Cannot create %s: %s", people[i].username, failure.message ?: "");
                        return r;
                }
        }
        if (!service->files)
                return 0;
        r = bh_files_recover(
                service->files); /* a new storage has nothing to take stock of, but it has to be done before writing */
        if (r >= 0)
                r = bh_files_seed(service->files);
        if (r < 0)
                bh_log_error_errno(r, "Cannot create the files of development mode");
        return r;
}

static void offer_setup(BhService *service) {
        g_autofree char *token = NULL;

        service->setup = bh_setup_new(&token);
        bh_log_notice("The NAS has no administrator yet. Whoever knows this token can become it: %s", token);
}

static int prepare_first_start(BhService *service) {
        BhAccountCounts counts = bh_accounts_count(service->accounts);

        if (service->config.development_mode && counts.all == 0)
                return seed(service);
        if (counts.admins == 0)
                offer_setup(service);
        return 0;
}

uint64_t bh_service_used_bytes(BhService *service, const char *owner) {
        return service->files ? bh_files_used_bytes(service->files, owner) : 0;
}

/* Work beside the calls ------------------------------------------------------------------------------------------------------------------- */

static int recover(void *userdata) {
        return bh_files_recover(((BhService *)userdata)->files);
}

static void recovered(void *userdata, int result) {
        BhService *service = userdata;

        if (result < 0 && result != -ECANCELED)
                bh_log_error_errno(result, "Cannot take stock of the storage: nothing can be written");
        if (result >= 0) {
                service->is_recovering = false;
                bh_bus_manager_emit_changed(service, "State");
        }
        bh_calls_resume(service->calls);
}

static void start_recovery(BhService *service) {
        if (!service->files || !bh_files_is_recovering(service->files))
                return;
        service->is_recovering = true;
        (void)bh_workers_run(service->workers, BH_POOL_JOBS, recover, recovered, service); /* has no limit */
}

static int do_upkeep(void *userdata) {
        BhService *service = userdata;

        /* Logged by the database, and tried again in an hour. */
        (void)bh_sessions_purge(service->sessions);
        (void)bh_smart_history_prune(service->database, g_get_real_time());
        return service->files ? bh_files_purge_expired(service->files) : 0;
}

static void upkeep_done(void *userdata, int result) {
        BhService *service = userdata;

        if (result < 0 && result != -ECANCELED)
                bh_log_warning_errno(result, "Cannot empty the trash of what has expired");
        service->n_upkeep--;
        bh_service_check_idle(service);
}

static int on_hour(sd_event_source *source, uint64_t usec, void *userdata) {
        BhService *service = userdata;
        int r;

        if (service->n_upkeep == 0 && !service->is_stopping) {
                service->n_upkeep++;
                (void)bh_workers_run(service->workers, BH_POOL_JOBS, do_upkeep, upkeep_done,
                                     service); /* has no limit */
        }
        r = sd_event_source_set_time_relative(source, UPKEEP_USEC);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_flush(sd_event_source *source, uint64_t usec, void *userdata) {
        BhService *service = userdata;

        service->is_flush_pending = false;
        (void)bh_sessions_flush(service->sessions);
        return 0;
}

void bh_service_note_use(BhService *service) {
        if (service->is_flush_pending)
                return;
        if (sd_event_source_set_time_relative(service->flush_source, FLUSH_USEC) >= 0 &&
            sd_event_source_set_enabled(service->flush_source, SD_EVENT_ONESHOT) >= 0)
                service->is_flush_pending = true;
}

/* The event loop -------------------------------------------------------------------------------------------------------------------------- */

static int on_worker(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        bh_workers_dispatch(((BhService *)userdata)->workers);
        return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        BhService *service = userdata;

        bh_log_info("Stopping because of signal %" PRIu32, info->ssi_signo);
        bh_service_stop(service);
        return 0;
}

/* The bus is gone: nobody can be answered any more, but what runs is still finished. */
static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhService *service = userdata;

        if (!service->is_stopping)
                bh_log_error("The bus has closed the connection");
        service->exit_code = -ECONNRESET;
        bh_service_stop(service);
        return 0;
}

static int set_up_loop(BhService *service) {
        int r;

        r = sd_event_default(&service->event);
        if (r < 0)
                return r;
        r = bh_workers_new(&service->workers, (unsigned)service->config.worker_threads);
        if (r < 0)
                return r;
        r = sd_event_add_io(service->event, &service->workers_source, bh_workers_fd(service->workers), EPOLLIN,
                            on_worker, service);
        if (r < 0)
                return r;
        r = sd_event_add_signal(service->event, &service->sigterm_source, SIGTERM, on_signal, service);
        if (r < 0)
                return r;
        r = sd_event_add_signal(service->event, &service->sigint_source, SIGINT, on_signal, service);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(service->event, &service->flush_source, CLOCK_MONOTONIC, FLUSH_USEC,
                                       FLUSH_USEC / 2, on_flush, service);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(service->flush_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(service->event, &service->upkeep_source, CLOCK_MONOTONIC,
                                          UPKEEP_ACCURACY_USEC, UPKEEP_ACCURACY_USEC, on_hour, service);
}

int bh_service_start(BhService *service, const char *bus_address) {
        int r;

        service->started_usec = g_get_monotonic_time();
        r = set_up_loop(service);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot set up the event loop");
                return r;
        }
        r = open_database(service);
        if (r < 0)
                return r;
        r = open_accounts(service);
        if (r < 0)
                return r;
        r = bh_alerts_load(&service->alerts, service->database);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot read the alerts");
                return r;
        }
        r = bh_smarts_load(&service->smarts, service->database,
                           (int64_t)service->config.smart_interval * BH_USEC_PER_SEC);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot read the health of the disks");
                return r;
        }
        open_storage(service);
        r = prepare_first_start(service);
        if (r < 0)
                return r;
        service->plans = bh_plans_new();
        service->suspects = bh_suspects_new();
        r = bh_bitmap_wishes_load(&service->bitmap_wishes, service->database);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot read the settings of arrays");
                return r;
        }
        r = bh_disks_new(&service->disks, service->database, service->config.sysfs);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot read which disks there were");
                return r;
        }
        r = bh_bus_connect(service, bus_address);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(service->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, service);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot watch the connection to the bus");
                return r;
        }
        start_recovery(service);
        return 0;
}

int bh_service_run(BhService *service) {
        int r;

        r = sd_event_set_watchdog(service->event, true);
        if (r < 0)
                bh_log_warning_errno(r, "Cannot serve the watchdog");
        (void)sd_notify(false, "READY=1\nSTATUS=Serving");
        r = sd_event_loop(service->event);
        if (r < 0) {
                bh_log_error_errno(r, "The event loop failed");
                return r;
        }
        return service->exit_code;
}

void bh_service_stop(BhService *service) {
        if (service->is_stopping)
                return;
        service->is_stopping = true;
        (void)sd_notify(false, "STOPPING=1\nSTATUS=Finishing what is under way");
        bh_jobs_cancel_all(service->jobs);
        if (service->files)
                bh_files_stop(service->files);
        bh_udisks_stop(service->udisks);
        bh_pools_stop(service->pools);
        bh_service_check_idle(service);
}

void bh_service_check_idle(BhService *service) {
        if (!service->is_stopping || !bh_calls_are_idle(service->calls) || !bh_jobs_are_idle(service->jobs) ||
            service->n_upkeep > 0)
                return;
        (void)sd_event_exit(service->event, 0);
}

/* In the order that nothing is used after it was freed: first what may call the rest. */
void bh_service_clear(BhService *service) {
        if (service->bus)
                (void)sd_bus_flush(service->bus);
        bh_notifier_stop(service->notifier);
        bh_workers_free(service->workers);
        if (service->bus)
                (void)sd_bus_flush(service->bus);
        if (service->sessions)
                (void)bh_sessions_flush(service->sessions);
        bh_jobs_free(service->jobs);
        bh_calls_free(service->calls);
        bh_peers_free(service->peers);
        bh_smart_reader_free(service->smart_reader);
        bh_alert_watch_free(service->alert_watch);
        bh_udisks_free(service->udisks);
        bh_bus_storage_free(service->storage_objects);
        bh_pools_free(service->pools);
        bh_bus_telemetry_free(service->telemetry_watches);
        bh_telemetry_free(service->telemetry);
        bh_disks_free(service->disks);
        bh_plans_free(service->plans);
        bh_suspects_free(service->suspects);
        bh_bitmap_wishes_free(service->bitmap_wishes);
        sd_bus_close_unref(service->bus);
        sd_event_source_disable_unref(service->workers_source);
        sd_event_source_disable_unref(service->sigterm_source);
        sd_event_source_disable_unref(service->sigint_source);
        sd_event_source_disable_unref(service->flush_source);
        sd_event_source_disable_unref(service->upkeep_source);
        sd_event_source_disable_unref(service->upload_source);
        sd_event_source_disable_unref(service->bitmap_source);
        sd_event_unref(service->event);
        bh_files_free(service->files);
        bh_signin_free(service->signin);
        bh_users_free(service->users);
        bh_sessions_free(service->sessions);
        bh_accounts_free(service->accounts);
        bh_alerts_free(service->alerts);
        bh_smarts_free(service->smarts);
        bh_database_free(service->database);
        bh_notifier_free(service->notifier);
        bh_setup_free(service->setup);
        bh_key_clear(&service->key);
        bh_key_clear(&service->audit_key);
        g_free(service->storage_problem);
        bh_config_clear(&service->config);
        *service = (BhService){};
}
