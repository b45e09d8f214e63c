#include "core/base/held_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace meshproof {

HeldFolder::~HeldFolder() {
    release();
}

void HeldFolder::release() {
    if (folder_ >= 0) {
        ::close(folder_);
    }
    folder_ = -1;
}

HeldFolder::Answer HeldFolder::hold(const std::string& path) {
    release();
    folder_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0) {
        return errno == ENOENT ? Answer::gone : Answer::held;
    }
    if (::flock(folder_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        release();
        return Answer::taken;
    }
    struct stat locked{}, there{};
    const bool same = ::fstat(folder_, &locked) == 0 && ::stat(path.c_str(), &there) == 0 &&
                      locked.st_ino == there.st_ino && locked.st_dev == there.st_dev;
    return same ? Answer::held : Answer::gone;
}

}  // namespace meshproof
