// An index's rows are put into new arrays, while searches go on with the old ones; nothing may change
// meanwhile. At the end the new ones take their place.
#pragma once

#include <optional>
#include <vector>

#include "index/index.hpp"

namespace vecq {

// The index must outlive it. If it does not come to its end, the index stays as it is.
class Rebuilding : public Task {
public:
    ~Rebuilding() override;
    Rebuilding(const Rebuilding&) = delete;
    Rebuilding& operator=(const Rebuilding&) = delete;
    Progress step() override;

protected:
    explicit Rebuilding(Index& index);

    // Of the rows that there are, those from `first` on.
    virtual void rebuild(size_t first, size_t count) = 0;
    // While nobody searches. If it fails, nothing has changed.
    virtual void put_in_place() = 0;
    virtual void finish() {}

    Index& index_;
    const size_t rows_;

private:
    size_t done_ = 0;
};

// Codes are fitted and made anew from the wider store.
class Refitting : public Rebuilding {
public:
    explicit Refitting(Index& index);

private:
    void rebuild(size_t first, size_t count) override;
    void put_in_place() override;
    void finish() override;
    void fit();
    float usual_norm() const;
    void put_short_rows_aside();
    void link_rows_from_aside();
    void link(std::vector<uint32_t> rows);

    Store store_;
    Array<Affine> affine_, link_affine_;
    float unit_ = 0;  // the index's from then on
};

// Vacant slots are closed, and links that lead nowhere are left out.
class Compacting : public Rebuilding {
public:
    explicit Compacting(Index& index);

private:
    void rebuild(size_t first, size_t count) override;
    void put_in_place() override;
    void finish() override;
    void place_nodes();
    void copy_lists(size_t layer, size_t first, size_t count);

    std::vector<std::vector<uint32_t>> places_;  // of each layer's nodes; kNone: nowhere
    std::vector<Graph::Stored> layers_;
    std::vector<uint32_t> entries_;
    Store store_;
    std::optional<Store> wide_;
    Array<int64_t> ids_;
    Array<uint32_t> order_, aside_;
    Array<Affine> affine_, wide_affine_, link_affine_;
};

}  // namespace vecq
