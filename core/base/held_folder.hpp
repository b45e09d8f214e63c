#pragma once

#include <string>

namespace meshproof {

/// A folder that one process has for itself: whoever holds it in this way, too, is told. It ends
/// with this, or with the process however that ends.
class HeldFolder {
  public:
    enum class Answer {
        held,   ///< also where it can be written and not opened, or its file system has no locks
        taken,  ///< another has it
        gone    ///< who had it has removed it meanwhile: make it again
    };

    HeldFolder() = default;
    ~HeldFolder();
    HeldFolder(const HeldFolder&) = delete;
    HeldFolder& operator=(const HeldFolder&) = delete;

    [[nodiscard]] Answer hold(const std::string& path);

  private:
    void release();

    int folder_ = -1;
};

}  // namespace meshproof
