/*
 * The 158 features of Qlib's Alpha158 for one symbol.
 *
 * Every window is put together in the same way from its own days: 10 days are two of 5, 20 two of 10, 30 a 20 and
 * a 10, 60 two of 30. So a sum costs one addition per window, and a day's row depends on its own 60 days only,
 * never on where the series was entered: the newest row alone is bit for bit the newest row of the whole history.
 *
 * Sums of 32-bit values are kept in 64 bits, where they are mostly exact. Squares and products are taken around
 * means and merged (Chan, Golub, LeVeque 1979), so nothing cancels. Rounding to 32 bits happens where Qlib's
 * engine rounds. Compile without contraction: a fused multiply-add would change low bits between machines.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS = 5, LONGEST = 60, FIRST_ROLLING = 13 };
/* Days are computed in blocks that fit the cache; before each come the days it looks back on. */
enum { BLOCK = 256, LENGTH = LONGEST + BLOCK };

static const int WINDOW[WINDOWS] = {5, 10, 20, 30, LONGEST};
/* Window w is window NEWER[w] up to today and window OLDER[w] up to LAG[w] days ago. */
static const int NEWER[WINDOWS] = {0, 0, 1, 2, 3}, OLDER[WINDOWS] = {0, 0, 1, 1, 3}, LAG[WINDOWS] = {0, 5, 10, 20, 30};

/* In the order of Alpha158DL's names. */
enum {
    ROC, MA, STD, BETA, RSQR, RESI, MAX, MIN, QTLU, QTLD, RANK, RSV, IMAX, IMIN, IMXD, CORR, CORD,
    CNTP, CNTN, CNTD, SUMP, SUMN, SUMD, VMA, VSTD, WVMA, VSUMP, VSUMN, VSUMD
};

/* Qlib calls a window flat, and its correlation unknown, at or below this deviation. */
static const double FLAT = 2e-5;
static const double EPSILON = 1e-12;

/* A number per day, after LONGEST zeros for the days before the series began. */
typedef double line[LONGEST + LENGTH];
typedef int32_t day_line[LONGEST + LENGTH];

/* The values of a series, zero where there is none, and 1 where there is one. */
typedef struct { line value, is_there; } series;
typedef struct { line of[WINDOWS]; } sums;
/* Count, sum, and sum of squares around the mean. */
typedef struct { sums count, sum, squares; } moments;
/* Counts and sums weighted by how many days ago. */
typedef struct { sums days_ago, days_ago_squares, values; } trends;
/* The largest value, the first day that has it, and the first day without a value (-1 if there is none). */
typedef struct { line value[WINDOWS]; day_line at[WINDOWS], gap[WINDOWS]; } maxima;
/* Two series on the days they share: their moments, and the sum of products around the means. */
typedef struct { series left, right; moments lefts, rights; sums products; } pairs;

typedef struct {
    series close, volume, turnover, ratio, log_volume, log_ratio, high, negative_low;
    moments closes, volumes, turnovers, ratios, log_volumes, log_ratios;
    pairs close_and_volume, ratio_and_ratio;
    trends close_trend;
    line is_change, rise, fall, is_rise, is_fall;
    sums close_changes, close_rises, close_falls, rising_days, falling_days;
    sums volume_changes, volume_rises, volume_falls;
    maxima highest, lowest;
} workspace;

#define EACH(day) for (int day = LONGEST; day < LONGEST + length; day++)

static void put(series *restrict series, int day, double value)
{
    const int is_there = value == value;
    series->value[LONGEST + day] = is_there ? value : 0;
    series->is_there[LONGEST + day] = is_there;
}

static void add_up(sums *restrict to, const line values, int length)
{
    EACH(day) to->of[0][day] = values[day] + values[day - 1] + values[day - 2] + values[day - 3] + values[day - 4];
    for (int w = 1; w < WINDOWS; w++) {
        const double *newer = to->of[NEWER[w]], *older = to->of[OLDER[w]] - LAG[w];
        double *restrict both = to->of[w];
        EACH(day) both[day] = newer[day] + older[day];
    }
}

/* The sum of products around the means of two series with the same days; of squares, for one series twice. */
static void multiply(
    sums *restrict to, const series *left, const series *right, const moments *lefts, const moments *rights, int length)
{
    const double *there = left->is_there, *x = left->value, *y = right->value;
    const double *count = lefts->count.of[0], *x_sum = lefts->sum.of[0], *y_sum = rights->sum.of[0];
    EACH(day) {
        double product = 0;
        for (int ago = 0; ago < WINDOW[0]; ago++) {
            const int then = day - ago;
            product += there[then] * (count[day] * x[then] - x_sum[day]) * (count[day] * y[then] - y_sum[day]);
        }
        const double scale = count[day] * count[day];
        to->of[0][day] = product / (scale > 0 ? scale : 1);
    }
    for (int w = 1; w < WINDOWS; w++) {
        const int n = NEWER[w], o = OLDER[w], lag = LAG[w];
        const double *count_n = lefts->count.of[n], *count_o = lefts->count.of[o] - lag;
        const double *x_n = lefts->sum.of[n], *x_o = lefts->sum.of[o] - lag;
        const double *y_n = rights->sum.of[n], *y_o = rights->sum.of[o] - lag;
        const double *newer = to->of[n], *older = to->of[o] - lag;
        double *restrict both = to->of[w];
        EACH(day) {
            const double scale = count_n[day] * count_o[day] * (count_n[day] + count_o[day]);
            const double x_apart = x_o[day] * count_n[day] - x_n[day] * count_o[day];
            const double y_apart = y_o[day] * count_n[day] - y_n[day] * count_o[day];
            both[day] = newer[day] + older[day] + x_apart * y_apart / (scale > 0 ? scale : 1);
        }
    }
}

static void measure(moments *restrict to, const series *from, int length)
{
    add_up(&to->count, from->is_there, length);
    add_up(&to->sum, from->value, length);
    multiply(&to->squares, from, from, to, to, length);
}

static void measure_pairs(
    pairs *restrict to, const series *left, const series *right, const moments *lefts, const moments *rights,
    int length)
{
    if (memcmp(left->is_there, right->is_there, sizeof(double) * (LONGEST + length)) == 0) {
        memcpy(&to->lefts, lefts, sizeof *lefts);
        memcpy(&to->rights, rights, sizeof *rights);
        multiply(&to->products, left, right, lefts, rights, length);
        return;
    }
    EACH(day) {
        const double both = left->is_there[day] * right->is_there[day];
        to->left.is_there[day] = to->right.is_there[day] = both;
        to->left.value[day] = left->value[day] * both;
        to->right.value[day] = right->value[day] * both;
    }
    measure(&to->lefts, &to->left, length);
    measure(&to->rights, &to->right, length);
    multiply(&to->products, &to->left, &to->right, &to->lefts, &to->rights, length);
}

static void weigh(trends *restrict to, const series *from, const moments *base, int length)
{
    EACH(day) {
        double ago_sum = 0, squares = 0, values = 0;
        for (int ago = 0; ago < WINDOW[0]; ago++) {
            ago_sum += ago * from->is_there[day - ago];
            squares += ago * ago * from->is_there[day - ago];
            values += ago * from->value[day - ago];
        }
        to->days_ago.of[0][day] = ago_sum;
        to->days_ago_squares.of[0][day] = squares;
        to->values.of[0][day] = values;
    }
    for (int w = 1; w < WINDOWS; w++) {
        const int n = NEWER[w], o = OLDER[w], lag = LAG[w];
        EACH(day) {
            const double count = base->count.of[o][day - lag], ago_sum = to->days_ago.of[o][day - lag];
            to->days_ago.of[w][day] = to->days_ago.of[n][day] + ago_sum + lag * count;
            to->days_ago_squares.of[w][day] = to->days_ago_squares.of[n][day] + to->days_ago_squares.of[o][day - lag]
                + 2 * lag * ago_sum + lag * lag * count;
            to->values.of[w][day] =
                to->values.of[n][day] + to->values.of[o][day - lag] + lag * base->sum.of[o][day - lag];
        }
    }
}

static void find_maxima(maxima *restrict to, const series *from, int length)
{
    /* Before the series nothing is there, and nothing is missing either. */
    for (int w = 0; w < WINDOWS; w++) {
        for (int day = 0; day < LONGEST; day++) {
            to->value[w][day] = -INFINITY;
            to->at[w][day] = to->gap[w][day] = -1;
        }
    }
    line values;
    for (int day = 0; day < LONGEST + length; day++) {
        values[day] = from->is_there[day] > 0 ? from->value[day] : -INFINITY;
    }
    EACH(day) {
        double largest = -INFINITY;
        int at = -1, gap = -1;
        for (int ago = 0; ago < WINDOW[0]; ago++) {
            const int then = day - ago, is_larger = values[then] >= largest;
            largest = is_larger ? values[then] : largest;
            at = is_larger ? then : at;
            gap = then >= LONGEST && from->is_there[then] == 0 ? then : gap;
        }
        to->value[0][day] = largest;
        to->at[0][day] = at;
        to->gap[0][day] = gap;
    }
    for (int w = 1; w < WINDOWS; w++) {
        const int n = NEWER[w], o = OLDER[w], lag = LAG[w];
        EACH(day) {
            const int is_larger = to->value[o][day - lag] >= to->value[n][day];
            to->value[w][day] = is_larger ? to->value[o][day - lag] : to->value[n][day];
            to->at[w][day] = is_larger ? to->at[o][day - lag] : to->at[n][day];
            to->gap[w][day] = to->gap[o][day - lag] >= 0 ? to->gap[o][day - lag] : to->gap[n][day];
        }
    }
}

/* numpy's argmax and argmin give the first missing value if there is one. */
static double place_in_window(const maxima *found, int w, int day, int days)
{
    if (found->value[w][day] == -INFINITY) return NAN;
    const int at = found->gap[w][day] >= 0 ? found->gap[w][day] : found->at[w][day];
    return days - (day - at);
}

static double deviation(const moments *of, int w, int day)
{
    const double count = of->count.of[w][day];
    return count < 2 ? NAN : sqrt(of->squares.of[w][day] / (count - 1));
}

static double correlation(const pairs *of, double left_deviation, double right_deviation, int w, int day)
{
    const double count = of->lefts.count.of[w][day];
    if (count < 2 || left_deviation <= FLAT || right_deviation <= FLAT) return NAN;
    return of->products.of[w][day] / sqrt(of->lefts.squares.of[w][day] * of->rights.squares.of[w][day]);
}

/* The closes of one window, sorted; a missing close is not in it. */
typedef struct { int count; float value[LONGEST]; } sorted_window;

static int count_less(const sorted_window *window, float value)
{
    int less = 0;
    for (int i = 0; i < window->count; i++) less += window->value[i] < value;
    return less;
}

static void replace(sorted_window *window, float leaving, float entering)
{
    float *const value = window->value;
    if (leaving == leaving) {
        const int at = count_less(window, leaving);
        window->count--;
        memmove(value + at, value + at + 1, (window->count - at) * sizeof *value);
    }
    if (entering == entering) {
        const int at = count_less(window, entering);
        memmove(value + at + 1, value + at, (window->count - at) * sizeof *value);
        value[at] = entering;
        window->count++;
    }
}

static double quantile(const sorted_window *window, double share)
{
    if (window->count == 0) return NAN;
    const double position = share * (window->count - 1);
    const int below = (int)position;
    const double low = window->value[below];
    if (position == below) return low;
    return low + (window->value[below + 1] - low) * (position - below);
}

/* The average rank of equal values, as a share of the window. */
static double rank(const sorted_window *window, float value)
{
    if (value != value) return NAN;
    const int less = count_less(window, value);
    int equal = 0;
    for (int i = 0; i < window->count; i++) equal += window->value[i] == value;
    return (less + (equal + 1) / 2.0) / window->count;
}

static void write_candle(float *row, float open, float high, float low, float close, float vwap)
{
    const float range = high - low + (float)EPSILON;
    /* numpy's maximum and minimum are missing when either side is. */
    const float missing = open + close, top = missing != missing ? NAN : open > close ? open : close;
    const float bottom = missing != missing ? NAN : open < close ? open : close;
    row[0] = (close - open) / open;
    row[1] = (high - low) / open;
    row[2] = (close - open) / range;
    row[3] = (high - top) / open;
    row[4] = (high - top) / range;
    row[5] = (bottom - low) / open;
    row[6] = (bottom - low) / range;
    row[7] = (2 * close - high - low) / open;
    row[8] = (2 * close - high - low) / range;
    row[9] = open / close;
    row[10] = high / close;
    row[11] = low / close;
    row[12] = vwap / close;
}

#define FEATURE(name) feature[WINDOWS * name]

static void write_window(
    float *feature, const workspace *work, int w, int day, int days, float close, float close_then, float volume_now)
{
    const int window = WINDOW[w];
    const double now = close;
    const double n = work->closes.count.of[w][day], close_sum = work->closes.sum.of[w][day];
    const double close_deviation = deviation(&work->closes, w, day);
    FEATURE(ROC) = close_then / close;
    FEATURE(MA) = close_sum / n / now;
    FEATURE(STD) = close_deviation / now;

    /* A regression on 1..window, the newest day being `window`; all but the squares are exact. */
    const double ago_sum = work->close_trend.days_ago.of[w][day];
    const double x = window * n - ago_sum;
    const double xx = window * window * n - 2 * window * ago_sum + work->close_trend.days_ago_squares.of[w][day];
    const double xy = window * close_sum - work->close_trend.values.of[w][day];
    const double x_spread = n * xx - x * x, common = n * xy - x * close_sum;
    const double slope = common / x_spread;
    const double fit = common / sqrt(x_spread * (n * work->closes.squares.of[w][day]));
    FEATURE(BETA) = slope / now;
    FEATURE(RSQR) = close_deviation <= FLAT ? NAN : fit * fit;
    FEATURE(RESI) = (now - (slope * window + (close_sum / n - slope * (x / n)))) / now;

    const double highest = work->highest.value[w][day], lowest = -work->lowest.value[w][day];
    const double top = isinf(highest) ? NAN : highest, bottom = isinf(lowest) ? NAN : lowest;
    FEATURE(MAX) = top / now;
    FEATURE(MIN) = bottom / now;
    FEATURE(RSV) = (now - bottom) / (top - bottom + EPSILON);
    const double top_place = place_in_window(&work->highest, w, day, days);
    const double bottom_place = place_in_window(&work->lowest, w, day, days);
    FEATURE(IMAX) = top_place / window;
    FEATURE(IMIN) = bottom_place / window;
    FEATURE(IMXD) = (top_place - bottom_place) / window;

    FEATURE(CORR) = correlation(
        &work->close_and_volume, close_deviation, deviation(&work->log_volumes, w, day), w, day);
    FEATURE(CORD) = correlation(
        &work->ratio_and_ratio, deviation(&work->ratios, w, day), deviation(&work->log_ratios, w, day), w, day);
    const double rising = work->rising_days.of[w][day] / days, falling = work->falling_days.of[w][day] / days;
    FEATURE(CNTP) = rising;
    FEATURE(CNTN) = falling;
    FEATURE(CNTD) = rising - falling;

    /* A window without two days in a row has no changes: unknown, not zero. */
    const double rises = work->close_rises.of[w][day], falls = work->close_falls.of[w][day];
    const double moves = work->close_changes.of[w][day] > 0 ? rises + falls + EPSILON : NAN;
    FEATURE(SUMP) = rises / moves;
    FEATURE(SUMN) = falls / moves;
    FEATURE(SUMD) = (rises - falls) / moves;

    FEATURE(VMA) = work->volumes.sum.of[w][day] / work->volumes.count.of[w][day] / volume_now;
    FEATURE(VSTD) = deviation(&work->volumes, w, day) / volume_now;
    FEATURE(WVMA) = deviation(&work->turnovers, w, day)
        / (work->turnovers.sum.of[w][day] / work->turnovers.count.of[w][day] + EPSILON);
    const double more = work->volume_rises.of[w][day], less = work->volume_falls.of[w][day];
    const double volume_moves = work->volume_changes.of[w][day] > 0 ? more + less + EPSILON : NAN;
    FEATURE(VSUMP) = more / volume_moves;
    FEATURE(VSUMN) = less / volume_moves;
    FEATURE(VSUMD) = (more - less) / volume_moves;
}

static void write_order(float *feature, const sorted_window *sorted, float close)
{
    FEATURE(QTLU) = quantile(sorted, 0.8) / (double)close;
    FEATURE(QTLD) = quantile(sorted, 0.2) / (double)close;
    FEATURE(RANK) = rank(sorted, close);
}

typedef struct { const float *open, *high, *low, *close, *vwap, *volume, *log_volume, *log_ratio; } bars;

/* Fill the workspace with the windows of days from..from + length - 1, of which the first 60 only look back. */
static void compute(workspace *work, const bars *of, int64_t from, int length)
{
    for (int i = 0; i < length; i++) {
        const int64_t day = from + i;
        const float ratio = day ? of->close[day] / of->close[day - 1] : NAN;
        put(&work->close, i, of->close[day]);
        put(&work->volume, i, of->volume[day]);
        put(&work->ratio, i, ratio);
        put(&work->turnover, i, fabsf(ratio - 1) * of->volume[day]);
        put(&work->log_volume, i, of->log_volume[day]);
        put(&work->log_ratio, i, of->log_ratio[day]);
        put(&work->high, i, of->high[day]);
        put(&work->negative_low, i, -of->low[day]);
    }
    measure(&work->closes, &work->close, length);
    measure(&work->volumes, &work->volume, length);
    measure(&work->ratios, &work->ratio, length);
    measure(&work->turnovers, &work->turnover, length);
    measure(&work->log_volumes, &work->log_volume, length);
    measure(&work->log_ratios, &work->log_ratio, length);
    measure_pairs(&work->close_and_volume, &work->close, &work->log_volume, &work->closes, &work->log_volumes, length);
    measure_pairs(&work->ratio_and_ratio, &work->ratio, &work->log_ratio, &work->ratios, &work->log_ratios, length);
    weigh(&work->close_trend, &work->close, &work->closes, length);
    find_maxima(&work->highest, &work->high, length);
    find_maxima(&work->lowest, &work->negative_low, length);
    for (int is_volume = 0; is_volume < 2; is_volume++) {
        const float *values = is_volume ? of->volume : of->close;
        for (int i = 0; i < length; i++) {
            const int64_t day = from + i;
            const float change = day ? values[day] - values[day - 1] : NAN;
            work->is_change[LONGEST + i] = change == change;
            work->is_rise[LONGEST + i] = change > 0;
            work->is_fall[LONGEST + i] = change < 0;
            work->rise[LONGEST + i] = change > 0 ? change : 0;
            work->fall[LONGEST + i] = change < 0 ? -change : 0;
        }
        add_up(is_volume ? &work->volume_changes : &work->close_changes, work->is_change, length);
        add_up(is_volume ? &work->volume_rises : &work->close_rises, work->rise, length);
        add_up(is_volume ? &work->volume_falls : &work->close_falls, work->fall, length);
        if (is_volume) break;
        add_up(&work->rising_days, work->is_rise, length);
        add_up(&work->falling_days, work->is_fall, length);
    }
}

/*
 * Write the rows of the days first..length-1 with places[day] >= 0 to rows + places[day] * stride.
 * Day 0 is the first of the series, or a day at least 60 before `first`. log_volume is log(volume + 1), log_ratio
 * is log(volume / yesterday's volume + 1) with NaN for infinite: the caller takes them from numpy as Qlib does,
 * because logarithms of other libraries differ in the last bit. Returns 0, or -1 without memory.
 */
int alpha158(
    const float *open, const float *high, const float *low, const float *close, const float *vwap, const float *volume,
    const float *log_volume, const float *log_ratio, int64_t length, int64_t first, const int64_t *places, float *rows,
    int64_t stride)
{
    const bars of = {open, high, low, close, vwap, volume, log_volume, log_ratio};
    workspace *const work = calloc(1, sizeof *work);
    if (work == NULL) return -1;
    sorted_window sorted[WINDOWS];
    memset(sorted, 0, sizeof sorted);
    const int64_t entered = first > LONGEST ? first - LONGEST : 0;
    for (int64_t day = entered; day < first; day++) {
        for (int w = 0; w < WINDOWS; w++) {
            replace(&sorted[w], day - WINDOW[w] >= entered ? close[day - WINDOW[w]] : NAN, close[day]);
        }
    }
    for (int64_t block = first; block < length; block += BLOCK) {
        const int64_t from = block > LONGEST ? block - LONGEST : 0;
        const int64_t end = block + BLOCK < length ? block + BLOCK : length;
        compute(work, &of, from, (int)(end - from));
        for (int64_t day = block; day < end; day++) {
            float *const row = places[day] < 0 ? NULL : rows + places[day] * stride;
            if (row) write_candle(row, open[day], high[day], low[day], close[day], vwap[day]);
            for (int w = 0; w < WINDOWS; w++) {
                const int64_t then = day - WINDOW[w];
                replace(&sorted[w], then >= entered ? close[then] : NAN, close[day]);
                if (!row) continue;
                float *const feature = row + FIRST_ROLLING + w;
                write_order(feature, &sorted[w], close[day]);
                write_window(
                    feature, work, w, LONGEST + (int)(day - from), then < 0 ? (int)(day + 1) : WINDOW[w], close[day],
                    then < 0 ? NAN : close[then], volume[day] + (float)EPSILON);
            }
        }
    }
    free(work);
    return 0;
}
