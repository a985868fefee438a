// The tile unit of AMX-INT8, configured for this thread while an object lives. Tiles 0 to 3 hold
// sums, 4 and 5 rows, 6 and 7 queries.

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

    // Begins the sums of each query at its own number: with stride 0 a tile repeats one row.
    static void start(const int32_t* at) {
        // GCC's tile loads do not say that they read memory.
        __asm__ volatile("" ::: "memory");
        _tile_loadd(0, at, 0);
        _tile_loadd(1, at + 16, 0);
        _tile_loadd(2, at, 0);
        _tile_loadd(3, at + 16, 0);
    }

    // 64 codes of 32 rows times the same codes of 32 queries.
    static void step(const std::byte* rows, size_t row_bytes, const std::byte* queries,
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

    // The multiplications of a step alone.
    static void multiply() {
        _tile_dpbusd(0, 4, 6);
        _tile_dpbusd(1, 4, 7);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(3, 5, 7);
    }

    // Sums of 32 rows by 32 queries.
    static void store(int32_t* dots) {
        constexpr size_t stride = kBlockQueries * sizeof(int32_t);
        _tile_stored(0, dots, stride);
        _tile_stored(1, dots + 16, stride);
        _tile_stored(2, dots + 16 * kBlockQueries, stride);
        _tile_stored(3, dots + 16 * kBlockQueries + 16, stride);
    }
};
