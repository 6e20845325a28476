/* gslfn.c - distribution functions of GSL by dlopen. */
#include "gslfn.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct vn_gsl table;
static char problem[300];

static void load(void)
{
    void *lib = dlopen("libgsl.so.27", RTLD_LAZY | RTLD_LOCAL);
    if (!lib) {
        snprintf(problem, sizeof problem, "the tests need the GNU Scientific Library: install the package libgsl27 (%s)", dlerror());
        return;
    }
    const struct { const char *name; void *slot; } fn[] = {
        { "gsl_cdf_tdist_P", &table.tdist_P },          { "gsl_cdf_tdist_Q", &table.tdist_Q },
        { "gsl_cdf_tdist_Pinv", &table.tdist_Pinv },    { "gsl_cdf_ugaussian_P", &table.ugaussian_P },
        { "gsl_cdf_ugaussian_Q", &table.ugaussian_Q },  { "gsl_cdf_ugaussian_Pinv", &table.ugaussian_Pinv },
    };
    for (size_t i = 0; i < VN_COUNT(fn); i++) {
        void *f = dlsym(lib, fn[i].name);
        if (!f) {
            snprintf(problem, sizeof problem, "libgsl.so.27 has no function %s", fn[i].name);
            return;
        }
        memcpy(fn[i].slot, &f, sizeof f);       /* an object pointer to a function pointer, as POSIX promises */
    }
    void *off = dlsym(lib, "gsl_set_error_handler_off");
    void *(*handler_off)(void);
    if (off) {
        memcpy(&handler_off, &off, sizeof off);
        handler_off();                          /* else the library aborts the program on a bad argument */
    }
}

int vn_gsl_open(const struct vn_gsl **out, struct vn_err *err)
{
    pthread_once(&once, load);
    if (problem[0])
        return vn_fail(err, VN_E_UNSUPPORTED, "%s", problem);
    *out = &table;
    return 0;
}

/* P(|T| > t) for noncentral t: T = (Z + delta) / sqrt(V / nu).  Integrated over u = sqrt(V / nu), whose density is
 * 2 (nu/2)^(nu/2) / Gamma(nu/2) u^(nu-1) exp(-nu u^2 / 2). */
double vn_t_power(const struct vn_gsl *g, double d, int n1, int n2, double alpha)
{
    enum { STEPS = 2000 };
    const double nu = n1 + n2 - 2, delta = d * sqrt((double)n1 * n2 / (n1 + n2)), t = g->tdist_Pinv(1 - alpha / 2, nu);
    const double log_c = log(2) + nu / 2 * log(nu / 2) - lgamma(nu / 2);
    const double hi = 1 + 10 / sqrt(nu), h = hi / STEPS;
    double sum = 0;

    for (int i = 1; i <= STEPS; i++) {
        const double u = i * h, density = exp(log_c + (nu - 1) * log(u) - nu * u * u / 2);
        const double beyond = g->ugaussian_Q(t * u - delta) + g->ugaussian_P(-t * u - delta);
        sum += (i == STEPS ? 1 : i % 2 ? 4 : 2) * density * beyond;
    }
    if (nu == 1)                                /* the only density that is not 0 at u = 0; there the test always rejects */
        sum += exp(log_c);
    return sum * h / 3;
}

double vn_t_detectable(const struct vn_gsl *g, int n1, int n2, double alpha, double power)
{
    double lo = 0, hi = 1;

    if (n1 < 1 || n2 < 1 || n1 + n2 < 3)
        return NAN;
    while (hi < 1e6 && vn_t_power(g, hi, n1, n2, alpha) < power)
        hi *= 2;
    for (int i = 0; i < 60; i++) {
        const double mid = (lo + hi) / 2;
        if (vn_t_power(g, mid, n1, n2, alpha) < power)
            lo = mid;
        else
            hi = mid;
    }
    return (lo + hi) / 2;
}
