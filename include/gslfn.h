/* gslfn.h - distribution functions of the GNU Scientific Library, opened when first needed (the program starts without it). */
#ifndef VN_GSLFN_H
#define VN_GSLFN_H
#include "err.h"

struct vn_gsl {
    double (*tdist_P)(double x, double nu);         /* Student's t: lower tail, upper tail, quantile */
    double (*tdist_Q)(double x, double nu);
    double (*tdist_Pinv)(double p, double nu);
    double (*ugaussian_P)(double x);                /* standard normal: lower tail, upper tail, quantile */
    double (*ugaussian_Q)(double x);
    double (*ugaussian_Pinv)(double p);
};
/* Static table; its error handler is switched off (functions return NaN).  VN_E_UNSUPPORTED names the package when the
 * library is not there.  Thread-safe. */
int vn_gsl_open(const struct vn_gsl **out, struct vn_err *err);

/* Power of the two-sided two-sample t test at level alpha for a standardised difference d and groups of n1 and n2:
 * the noncentral t distribution, integrated over the chi-square of the pooled variance (Simpson, error < 1e-6). */
double vn_t_power(const struct vn_gsl *g, double d, int n1, int n2, double alpha);
/* The d that reaches `power`; NaN when n1 + n2 < 3. */
double vn_t_detectable(const struct vn_gsl *g, int n1, int n2, double alpha, double power);
#endif
