/* SPDX-License-Identifier: MIT */
#pragma once

/* Every error of the bus, once: BH_ERROR(name, errno, http status, general sentence).
 *
 * The D-Bus name is BH_ERROR_PREFIX and the name. Code inside the service returns the negative errno; the first row with an errno is what it
 * becomes at the edge. Rows with errno 0 are only set by name. The web bridge takes the status from here. */

#define BH_BUS_NAME "org.baluhost.NAS1"
#define BH_ROOT_PATH "/org/baluhost/NAS1"
#define BH_ERROR_PREFIX "org.baluhost.NAS1.Error."

#define BH_ERRORS(BH_ERROR)                                                                                            \
        BH_ERROR(NotAuthenticated, 0, 401, "Not authenticated")                                                        \
        BH_ERROR(InvalidToken, EKEYREJECTED, 401, "Could not validate credentials")                                    \
        BH_ERROR(UserGone, 0, 401, "User no longer exists")                                                            \
        BH_ERROR(InvalidCredentials, 0, 401, "Invalid credentials")                                                    \
        BH_ERROR(NotPermitted, EACCES, 403, "Operation not permitted")                                                 \
        BH_ERROR(AdminRequired, EPERM, 403, "Admin access required")                                                   \
        BH_ERROR(NotLinked, 0, 403, "This Unix user has no BaluHost account")                                          \
        BH_ERROR(RegistrationClosed, 0, 403, "Registration is closed")                                                 \
        BH_ERROR(OutsideStorage, EXDEV, 403, "Path is outside of the NAS storage boundary")                            \
        BH_ERROR(NotFound, ENOENT, 404, "Not found")                                                                   \
        BH_ERROR(Exists, EEXIST, 409, "Exists already")                                                                \
        BH_ERROR(IsDirectory, EISDIR, 409, "Is a directory")                                                           \
        BH_ERROR(NotDirectory, ENOTDIR, 409, "Is not a directory")                                                     \
        BH_ERROR(Conflict, 0, 409, "Conflicts with the present state")                                                 \
        BH_ERROR(Busy, EBUSY, 409, "Busy")                                                                             \
        BH_ERROR(Refused, 0, 409, "Refused, so that nothing is lost")                                                  \
        BH_ERROR(PlanRequired, 0, 409, "Something would be lost by it: make a plan first")                             \
        BH_ERROR(Stale, ESTALE, 412, "Has changed meanwhile")                                                          \
        BH_ERROR(InvalidName, EILSEQ, 422, "Not a valid name")                                                         \
        BH_ERROR(InvalidArgument, EINVAL, 422, "Not a valid value")                                                    \
        BH_ERROR(TooManyRequests, EAGAIN, 429, "Too many attempts")                                                    \
        BH_ERROR(Failed, EIO, 500, "Failed")                                                                           \
        BH_ERROR(NotSupported, EOPNOTSUPP, 501, "Not supported")                                                       \
        BH_ERROR(NotAvailable, ENODEV, 503, "Not available")                                                           \
        BH_ERROR(Cancelled, ECANCELED, 503, "Cancelled")                                                               \
        BH_ERROR(QuotaExceeded, EDQUOT, 507, "Quota exceeded")                                                         \
        BH_ERROR(NoSpace, ENOSPC, 507, "No space left")
