/* SPDX-License-Identifier: MIT */
#include "schemas.h"

#include <stddef.h>

/* clang-format off */
const BhSchema bh_schemas[] = {
        { "User", "id:string? username:string email:string role:admin|user|none is_active:boolean created_at:time? quota_bytes:integer? "
                  "used_bytes:integer uid:integer?" },
        { "Session", "session_id:string created_at:time? last_used_at:time? expires_at:time? client_address:string client_agent:string "
                     "is_current:boolean" },
        { "Setup", "setup_required:boolean registration_open:boolean development_mode:boolean" },
        { "FileItem", "id:string name:string path:string size:integer type:file|directory is_directory:boolean modified_at:time? "
                      "modified:time?! owner_id:string? etag:string? is_writable:boolean owner_name:string?~ content_type:string?~" },
        { "TrashItem", "trash_id:string path:string type:file|directory size:integer deleted_at:time? expires_at:time? owner_id:string?" },
        { "Uploaded", "message:string uploaded:integer file:FileItem~ files:[FileItem] errors:[UploadError]~" },
        { "UploadError", "path:string status:integer detail:string" },
        { "Available", "available_bytes:integer? used_bytes:integer? quota_bytes:integer?" },
        { "Usage", "used_bytes:integer trash_bytes:integer reserved_bytes:integer quota_bytes:integer? total_used_bytes:integer "
                   "total_quota_bytes:integer? available_bytes:integer filesystem_bytes:integer filesystem_free_bytes:integer "
                   "all_used_bytes:integer all_filesystem_bytes:integer all_filesystem_free_bytes:integer" },
        { "Job", "id:string operation:string text:string subject:string? state:running|succeeded|failed|cancelled progress:number? bytes_done:integer "
                 "bytes_total:integer rate:integer expected_end_at:time? result:string? error:string?" },
        { "ListedJob", "id:string path:string operation:string text:string subject:string? state:running|succeeded|failed|cancelled progress:number "
                       "progress_valid:boolean bytes_done:integer bytes_total:integer rate:integer start_at:time? expected_end_at:time? "
                       "cancelable:boolean" },
        { "StorageState", "available:boolean problem:string features:[string] filesystems:[string] speed_limits:SpeedLimits?" },
        { "SpeedLimits", "minimum:integer maximum:integer" },
        { "Disk", "id:string path:string name:string device:string vendor:string~ model:string serial:string wwn:string~ size:integer rotation_rate:integer~ "
                  "connection:string~ slot:string present:boolean last_seen_at:time? usage:system|array|pool|mounted|foreign|data|free contents:string "
                  "partitions:[string] array:string? pool:string? state:healthy|warning|failing|failed|absent|unknown state_text:string "
                  "smart_status:passed|failed|unknown|unsupported smart_updated_at:time?~ temperature:number~ power_on_hours:integer~ "
                  "selftest_status:none|running|passed|aborted|interrupted|failed selftest_progress:number" },
        { "Array", "id:string path:string uuid:string name:string device:string level:string~ size:integer~ chunk_size:integer "
                   "state:optimal|degraded|rebuilding|checking|failed|inactive|absent state_text:string running:boolean devices:integer~ "
                   "degraded:integer survives:integer members:[ArrayMember] sync_action:string sync_progress:number sync_rate:integer "
                   "sync_end_at:time?~ bitmap:string~ last_scrub_at:time?~ mismatches:integer~ mismatches_valid:boolean pool:string? job:string?" },
        { "ArrayMember", "slot:integer disk:string? name:string model:string serial:string bay:string "
                         "state:active|spare|failed|rebuilding|missing|write-mostly errors:integer present:boolean last_seen_at:time?" },
        { "Pool", "id:string? path:string? uuid:string~ name:string filesystem:string~ source:string? level:string~ mount_point:string size:integer~ "
                  "used:integer free:integer state:ready|degraded|unmounted|absent|failed state_text:string is_default:boolean last_seen_at:time?~" },
        { "PoolUser", "kind:string text:string" },
        { "Level", "level:string possible:boolean reason:string usable_bytes:integer raw_bytes:integer unused_bytes:integer survives:integer "
                   "sync_seconds:number read_factor:number write_factor:number text:string" },
        { "Effect", "id:string? path:string? kind:array|pool name:string effect:unaffected|degraded|lost survives:integer text:string" },
        { "Plan", "kind:array-create|array-delete|format|pool-delete|array-add|array-repair title:string text:string name:string usable_bytes:integer "
                  "survives:integer sync_seconds:number warnings:[string] losses:[Loss] expires_at:time? failed:FailedMember~ replacement:Replacement~" },
        { "Loss", "id:string path:string name:string model:string serial:string size:integer contents:string destroys:boolean" },
        { "FailedMember", "id:string?~ path:string?~ slot:integer name:string model:string serial:string bay:string last_seen_at:time? state:string" },
        { "Replacement", "id:string path:string name:string model:string serial:string bay:string why:string" },
        { "SmartAttribute", "id:integer name:string title:string value:integer worst:integer threshold:integer raw:integer text:string "
                            "status:ok|failing|failed_before|watch prefailure:boolean trend:string" },
        { "SmartSample", "time_at:time? value:integer" },
        { "RaidStatus", "arrays:[RaidArray] speed_limits:SpeedLimits?" },
        { "RaidArray", "name:string level:string size_bytes:integer size_gb:number status:optimal|degraded|rebuilding|inactive "
                       "state:healthy|degraded|rebuilding|inactive devices:[RaidMember]~ resync_progress:number? bitmap:string sync_action:string" },
        { "RaidMember", "name:string state:active|spare|failed|rebuilding|removed|write-mostly model:string serial:string" },
        { "AvailableDisks", "disks:[AvailableDisk]" },
        { "AvailableDisk", "name:string size_bytes:integer model:string serial:string is_partitioned:boolean partitions:[string]~ in_raid:boolean "
                           "is_os_disk:boolean contents:string" },
        { "SmartStatus", "checked_at:time? devices:[SmartDevice]" },
        { "SmartDevice", "name:string model:string serial:string temperature:number? status:PASSED|FAILED|UNKNOWN capacity_bytes:integer "
                         "used_bytes:integer? used_percent:number? mount_point:string? power_on_hours:integer attributes:[SmartValue]" },
        { "SmartValue", "id:integer name:string value:integer worst:integer threshold:integer raw:integer status:OK|FAILING" },
        { "Mountpoints", "mountpoints:[Mountpoint] default_mountpoint:string" },
        { "Mountpoint", "id:string name:string type:raid|disk|dev-storage path:string size_bytes:integer used_bytes:integer available_bytes:integer "
                        "raid_level:string? status:string is_default:boolean" },
        { "RaidChange", "array:string device:string~" },
        { "RaidOptions", "array:string enable_bitmap:boolean~ add_spare:string~ remove_device:string~ write_mostly_device:string~ write_mostly:boolean~ "
                         "set_speed_limit_min:integer~ set_speed_limit_max:integer~ trigger_scrub:boolean~" },
        { "RaidFormat", "disk:string filesystem:string~ label:string~ token:string~" },
        { "RaidCreate", "name:string level:string devices:[string] spare_devices:[string]~ token:string~" },
        { "RaidDelete", "array:string force:boolean~ token:string~" },
        { "RaidDone", "message:string job_id:string~" },
        { "Alert", "id:string path:string? kind:string severity:warning|critical subject:string? title:string text:string raised_at:time? "
                   "acknowledged_at:time? acknowledged_by:string~ resolved_at:time?" },
        { "BulkDeleted", "deleted:integer failed:integer failed_ids:[string]" },
        { "Health", "status:ok|degraded version:string state:string uptime_seconds:number database:string storage:string "
                    "setup_required:boolean" },
        { "Error", "detail:string type:string title:string status:integer" },
        { "ValidationProblem", "loc:[string] msg:string type:string" },
        { "ValidationError", "detail:[ValidationProblem] type:string title:string status:integer" },
        { NULL, NULL },
};
/* clang-format on */
