// Writes an index to a file: its arrays, as they are.
#pragma once

#include <string>
#include <vector>

#include "base/checksum.hpp"
#include "index/index.hpp"
#include "index/sections.hpp"
#include "storage/replacement.hpp"
#include "storage/table.hpp"

namespace vecq {

// While there is one, nothing can be added to the index; searches go on. If it does not come to its end,
// the file that was there before stays.
class Saving : public Task {
public:
    // The index must outlive this.
    Saving(const Index& index, const std::string& path);
    Progress step() override;

private:
    // Keeps the index as it is.
    struct Hold {
        explicit Hold(const Index& index);
        ~Hold() { --index.savings_; }
        const Index& index;
    };

    template <class T>
    void list(SectionId id, const T* data, size_t count, size_t per_element = 1);
    void list_codec(const Store& store, size_t number);
    void list_rows(const Store& store, const Array<Affine>& affine, size_t number);
    void list_layer(size_t number);
    uint64_t list_all();
    uint64_t write_block(uint64_t most);
    void write_table();

    Hold hold_;
    const Index& index_;
    SavedIndex state_;
    SavedCodec codecs_[2];
    std::vector<uint32_t> vacant_;
    Table table_{};
    std::vector<const std::byte*> data_;  // of each section
    uint64_t total_ = 0, done_ = 0;       // bytes of sections
    Replacement file_;
    size_t section_ = 0;    // that is being written
    uint64_t written_ = 0;  // of its bytes
    Checksum sum_;
};

}  // namespace vecq
