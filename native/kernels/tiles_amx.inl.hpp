// The AMX-INT8 tile unit, configured for this thread for the lifetime of the object.
//
// Tiles 0 to 3 hold sums, 4 and 5 rows, 6 and 7 queries.

struct HardwareTiles {
    // Palette 1: eight tiles of 16 rows by 64 bytes.
    struct alignas(64) Config {
        uint8_t palette = 1, start_row = 0, reserved[14] = {};
        uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
        uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };

    HardwareTiles() {
        static const Config config;
        _tile_loadconfig(&config);
    }
    ~HardwareTiles() { _tile_release(); }
    HardwareTiles(const HardwareTiles&) = delete;
    HardwareTiles& operator=(const HardwareTiles&) = delete;

    // Sets the sums of query q to initial_sums[q] in all rows: stride 0 repeats one row in a tile.
    static void start(const int32_t* initial_sums) {
        // GCC's tile load intrinsics do not declare that they read memory.
        __asm__ volatile("" ::: "memory");
        _tile_loadd(0, initial_sums, 0);
        _tile_loadd(1, initial_sums + 16, 0);
        _tile_loadd(2, initial_sums, 0);
        _tile_loadd(3, initial_sums + 16, 0);
    }

    // Adds the products of 64 codes of 32 rows and the same codes of 32 queries.
    static void accumulate(const std::byte* rows, size_t row_bytes, const std::byte* queries,
                           size_t query_bytes) {
        _tile_loadd(4, rows, row_bytes);
        _tile_loadd(6, queries, query_bytes);
        _tile_dpbusd(0, 4, 6);
        _tile_loadd(7, queries + 64, query_bytes);
        _tile_dpbusd(1, 4, 7);
        _tile_loadd(5, rows + 16 * row_bytes, row_bytes);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(3, 5, 7);
    }

    // The multiplications of accumulate() without its loads.
    static void multiply() {
        _tile_dpbusd(0, 4, 6);
        _tile_dpbusd(1, 4, 7);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(3, 5, 7);
    }

    // Writes the sums of 32 rows x 32 queries.
    static void store(int32_t* dots) {
        constexpr size_t stride = kBlockQueries * sizeof(int32_t);
        _tile_stored(0, dots, stride);
        _tile_stored(1, dots + 16, stride);
        _tile_stored(2, dots + 16 * kBlockQueries, stride);
        _tile_stored(3, dots + 16 * kBlockQueries + 16, stride);
    }
};
