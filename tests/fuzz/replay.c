/* replay.c - runs a fuzz target on files: every input once found to matter stays a test, without clang. */
#include "fuzz.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];
    int n_run = 0;

    for (int i = 1; i < argc; i++)                      /* the target changes folders */
        if (!(argv[i] = realpath(argv[i], NULL)))
            return perror("replay"), 2;
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++, n_run++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f)
            return perror(argv[i]), 2;
        size_t n = fread(data, 1, sizeof data, f);
        fclose(f);
        uint8_t *exact = malloc(n + !n);                /* so that a read behind the end is seen */
        for (size_t k = 0; exact && k < n; k++)
            exact[k] = data[k];
        fprintf(stderr, "%s\n", argv[i]);               /* the last line names the input that stopped it */
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
        free(argv[i]);
    }
    printf("%d\n", n_run);
    return 0;
}
