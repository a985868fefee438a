#include "check.hpp"

int main(int count, char** arguments) {
    if (count != 2) return 2;
    test_vectors(arguments[1]);
    test_api(arguments[1]);
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
