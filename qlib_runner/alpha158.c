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
 *
 * Loops go over days, a feature or a sum at a time, so that the processor does several days at once; at the end
 * the columns of a block are written as rows. A macro tells the compiler that what they write is not what they read.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS = 5, LONGEST = 60, FIRST_ROLLING = 13, FEATURES = 158 };
/* Days are computed in blocks that fit the cache; before each come the days it looks back on. */
enum { BLOCK = 256, LENGTH = LONGEST + BLOCK };
/* A sorted window is looked through in chunks, and has one place more than days, for what does not enter. */
enum { CHUNK = 16, CHUNKS = LONGEST / CHUNK + 1 };

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

#define SEVERAL_AT_ONCE _Pragma("clang loop vectorize(assume_safety)")
#define EACH(day) SEVERAL_AT_ONCE for (int day = LONGEST; day < LONGEST + length; day++)

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

/* The closes of one window, sorted, and infinity behind them; a missing close is not in it. */
typedef struct { int count; float value[CHUNKS * CHUNK]; } sorted_window;

static void empty(sorted_window *window)
{
    window->count = 0;
    for (int i = 0; i < CHUNKS * CHUNK; i++) window->value[i] = INFINITY;
}

/* Let a close leave the window and another one enter; returns how many are less than the one that entered. */
static int replace(sorted_window *window, float leaving, float entering)
{
    float *const value = window->value;
    int from = 0, to = 0;
    for (int chunk = 0; chunk <= window->count / CHUNK; chunk++) {
        for (int i = CHUNK * chunk; i < CHUNK * (chunk + 1); i++) {
            from += value[i] < leaving;
            to += value[i] < entering;
        }
    }
    /* What does not leave comes from behind the last, and what does not enter goes there. */
    const int leaves = leaving == leaving, enters = entering == entering;
    if (!leaves) from = window->count;
    if (!enters) to = window->count;
    if (from < to) {
        to--;
        for (int i = from; i < to; i++) value[i] = value[i + 1];
    } else {
        for (int i = from; i > to; i--) value[i] = value[i - 1];
    }
    value[to] = enters ? entering : INFINITY;
    window->count += enters - leaves;
    return to;
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

/* The average rank of equal values, as a share of the window; `less` of them are less than the value. */
static double rank(const sorted_window *window, int less, float value)
{
    if (value != value) return NAN;
    int equal = 0;
    while (less + equal < window->count && window->value[less + equal] == value) equal++;
    return (less + (equal + 1) / 2.0) / window->count;
}

typedef struct { const float *open, *high, *low, *close, *vwap, *volume, *log_volume, *log_ratio; } bars;

/* A number per day of a block. */
typedef double day_values[BLOCK];
/* Longer than a block: a power of two apart, all columns would want the same place in the cache. */
typedef float column[BLOCK + 16];
typedef struct { column feature[FEATURES]; } columns;

/* A block: its first day in the series, how many days it has, and where the first one is in every line. */
typedef struct { int64_t first; int count, at; } block;

#define EACH_DAY(i) SEVERAL_AT_ONCE for (int i = 0; i < part.count; i++)
#define COLUMN(name) to->feature[FIRST_ROLLING + WINDOWS * name + w]

static void write_candle(columns *restrict to, const bars *of, block part)
{
    const float *restrict open = of->open + part.first, *restrict close = of->close + part.first;
    const float *restrict high = of->high + part.first, *restrict low = of->low + part.first;
    const float *restrict vwap = of->vwap + part.first;
    column *restrict feature = to->feature;
    EACH_DAY(i) {
        const float range = high[i] - low[i] + (float)EPSILON;
        /* numpy's maximum and minimum are missing when either side is. */
        const float missing = open[i] + close[i];
        const float top = missing != missing ? NAN : open[i] > close[i] ? open[i] : close[i];
        const float bottom = missing != missing ? NAN : open[i] < close[i] ? open[i] : close[i];
        feature[0][i] = (close[i] - open[i]) / open[i];
        feature[1][i] = (high[i] - low[i]) / open[i];
        feature[2][i] = (close[i] - open[i]) / range;
        feature[3][i] = (high[i] - top) / open[i];
        feature[4][i] = (high[i] - top) / range;
        feature[5][i] = (bottom - low[i]) / open[i];
        feature[6][i] = (bottom - low[i]) / range;
        feature[7][i] = (2 * close[i] - high[i] - low[i]) / open[i];
        feature[8][i] = (2 * close[i] - high[i] - low[i]) / range;
        feature[9][i] = open[i] / close[i];
        feature[10][i] = high[i] / close[i];
        feature[11][i] = low[i] / close[i];
        feature[12][i] = vwap[i] / close[i];
    }
}

static void deviation(double *restrict to, const moments *of, int w, block part)
{
    const double *restrict count = of->count.of[w] + part.at, *restrict squares = of->squares.of[w] + part.at;
    EACH_DAY(i) to[i] = count[i] < 2 ? NAN : sqrt(squares[i] / (count[i] - 1));
}

static void write_correlation(
    float *restrict to, const pairs *of, const double *restrict left, const double *restrict right, int w, block part)
{
    const double *restrict count = of->lefts.count.of[w] + part.at, *restrict products = of->products.of[w] + part.at;
    const double *restrict lefts = of->lefts.squares.of[w] + part.at;
    const double *restrict rights = of->rights.squares.of[w] + part.at;
    EACH_DAY(i) {
        const double found = products[i] / sqrt(lefts[i] * rights[i]);
        const int is_unknown = (count[i] < 2) | (left[i] <= FLAT) | (right[i] <= FLAT);
        to[i] = is_unknown ? NAN : found;
    }
}

/* A regression on 1..window, the newest day being `window`; all but the squares are exact. */
static void write_trend(
    columns *restrict to, const workspace *work, const double *restrict now, const double *restrict close_deviation,
    int w, block part)
{
    const int window = WINDOW[w];
    const moments *const closes = &work->closes;
    const double *restrict count = closes->count.of[w] + part.at, *restrict sum = closes->sum.of[w] + part.at;
    const double *restrict squares = closes->squares.of[w] + part.at;
    const double *restrict days_ago = work->close_trend.days_ago.of[w] + part.at;
    const double *restrict days_ago_squares = work->close_trend.days_ago_squares.of[w] + part.at;
    const double *restrict values = work->close_trend.values.of[w] + part.at;
    EACH_DAY(i) {
        const double n = count[i], ago_sum = days_ago[i], x = window * n - ago_sum;
        const double xx = window * window * n - 2 * window * ago_sum + days_ago_squares[i];
        const double xy = window * sum[i] - values[i];
        const double x_spread = n * xx - x * x, common = n * xy - x * sum[i];
        const double slope = common / x_spread;
        const double fit = common / sqrt(x_spread * (n * squares[i]));
        COLUMN(MA)[i] = sum[i] / n / now[i];
        COLUMN(STD)[i] = close_deviation[i] / now[i];
        COLUMN(BETA)[i] = slope / now[i];
        COLUMN(RSQR)[i] = close_deviation[i] <= FLAT ? NAN : fit * fit;
        COLUMN(RESI)[i] = (now[i] - (slope * window + (sum[i] / n - slope * (x / n)))) / now[i];
    }
}

static void write_range(
    columns *restrict to, const workspace *work, const double *restrict now, const int *restrict days, int w,
    block part)
{
    const int window = WINDOW[w];
    const maxima *const high = &work->highest, *const low = &work->lowest;
    const double *restrict highest = high->value[w] + part.at, *restrict lowest = low->value[w] + part.at;
    const int32_t *restrict high_at = high->at[w] + part.at, *restrict high_gap = high->gap[w] + part.at;
    const int32_t *restrict low_at = low->at[w] + part.at, *restrict low_gap = low->gap[w] + part.at;
    EACH_DAY(i) {
        const double top = isinf(highest[i]) ? NAN : highest[i], bottom = isinf(lowest[i]) ? NAN : -lowest[i];
        COLUMN(MAX)[i] = top / now[i];
        COLUMN(MIN)[i] = bottom / now[i];
        COLUMN(RSV)[i] = (now[i] - bottom) / (top - bottom + EPSILON);
        /* numpy's argmax and argmin give the first missing value if there is one. */
        const int top_at = high_gap[i] >= 0 ? high_gap[i] : high_at[i];
        const int bottom_at = low_gap[i] >= 0 ? low_gap[i] : low_at[i];
        const double top_place = top != top ? NAN : days[i] - (part.at + i - top_at);
        const double bottom_place = bottom != bottom ? NAN : days[i] - (part.at + i - bottom_at);
        COLUMN(IMAX)[i] = top_place / window;
        COLUMN(IMIN)[i] = bottom_place / window;
        COLUMN(IMXD)[i] = (top_place - bottom_place) / window;
    }
}

/* Shares of what rose and what fell. A window without two days in a row has no changes: unknown, not zero. */
static void write_moves(
    float *restrict up, float *restrict down, float *restrict apart, const double *restrict changes,
    const double *restrict rises, const double *restrict falls, block part)
{
    EACH_DAY(i) {
        const double moves = changes[i] > 0 ? rises[i] + falls[i] + EPSILON : NAN;
        up[i] = rises[i] / moves;
        down[i] = falls[i] / moves;
        apart[i] = (rises[i] - falls[i]) / moves;
    }
}

static void write_volume(columns *restrict to, const workspace *work, const double *restrict now, int w, block part)
{
    const moments *const volumes = &work->volumes, *const turnovers = &work->turnovers;
    const double *restrict count = volumes->count.of[w] + part.at, *restrict sum = volumes->sum.of[w] + part.at;
    const double *restrict turned = turnovers->sum.of[w] + part.at;
    const double *restrict turned_count = turnovers->count.of[w] + part.at;
    day_values volume_deviation, turnover_deviation;
    deviation(volume_deviation, volumes, w, part);
    deviation(turnover_deviation, turnovers, w, part);
    EACH_DAY(i) {
        COLUMN(VMA)[i] = sum[i] / count[i] / now[i];
        COLUMN(VSTD)[i] = volume_deviation[i] / now[i];
        COLUMN(WVMA)[i] = turnover_deviation[i] / (turned[i] / turned_count[i] + EPSILON);
    }
}

static void write_window(columns *restrict to, const workspace *work, const bars *of, int w, block part)
{
    const int window = WINDOW[w];
    const float *restrict close = of->close + part.first, *restrict volume = of->volume + part.first;
    day_values close_now, volume_now, close_deviation, ratio_deviation, log_volume_deviation, log_ratio_deviation;
    int days[BLOCK];
    EACH_DAY(i) {
        close_now[i] = close[i];
        volume_now[i] = volume[i] + (float)EPSILON;
    }
    for (int i = 0; i < part.count; i++) {
        const int64_t then = part.first + i - window;
        days[i] = then < 0 ? (int)(part.first + i + 1) : window;
        COLUMN(ROC)[i] = then < 0 ? NAN : of->close[then] / close[i];
    }
    deviation(close_deviation, &work->closes, w, part);
    deviation(ratio_deviation, &work->ratios, w, part);
    deviation(log_volume_deviation, &work->log_volumes, w, part);
    deviation(log_ratio_deviation, &work->log_ratios, w, part);
    write_trend(to, work, close_now, close_deviation, w, part);
    write_range(to, work, close_now, days, w, part);
    write_correlation(COLUMN(CORR), &work->close_and_volume, close_deviation, log_volume_deviation, w, part);
    write_correlation(COLUMN(CORD), &work->ratio_and_ratio, ratio_deviation, log_ratio_deviation, w, part);
    const double *restrict rising = work->rising_days.of[w] + part.at;
    const double *restrict falling = work->falling_days.of[w] + part.at;
    EACH_DAY(i) {
        COLUMN(CNTP)[i] = rising[i] / days[i];
        COLUMN(CNTN)[i] = falling[i] / days[i];
        COLUMN(CNTD)[i] = rising[i] / days[i] - falling[i] / days[i];
    }
    write_moves(
        COLUMN(SUMP), COLUMN(SUMN), COLUMN(SUMD), work->close_changes.of[w] + part.at,
        work->close_rises.of[w] + part.at, work->close_falls.of[w] + part.at, part);
    write_volume(to, work, volume_now, w, part);
    write_moves(
        COLUMN(VSUMP), COLUMN(VSUMN), COLUMN(VSUMD), work->volume_changes.of[w] + part.at,
        work->volume_rises.of[w] + part.at, work->volume_falls.of[w] + part.at, part);
}

/* The sorted windows move on day by day; `entered` is the first day the kernel looks at. */
static void write_order(columns *restrict to, sorted_window *sorted, const float *close, int64_t entered, block part)
{
    for (int i = 0; i < part.count; i++) {
        const int64_t day = part.first + i;
        const double now = close[day];
        for (int w = 0; w < WINDOWS; w++) {
            const int64_t then = day - WINDOW[w];
            const int less = replace(&sorted[w], then >= entered ? close[then] : NAN, close[day]);
            COLUMN(QTLU)[i] = quantile(&sorted[w], 0.8) / now;
            COLUMN(QTLD)[i] = quantile(&sorted[w], 0.2) / now;
            COLUMN(RANK)[i] = rank(&sorted[w], less, close[day]);
        }
    }
}

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

/* Turn the columns of a block into the rows of the days that have a place. */
static void write_rows(float *restrict rows, int64_t stride, const columns *from, const int64_t *places, int count)
{
    for (int i = 0; i < count; i++) {
        if (places[i] < 0) continue;
        float *restrict row = rows + places[i] * stride;
        for (int at = 0; at < FEATURES; at++) row[at] = from->feature[at][i];
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
    columns *const found = malloc(sizeof *found);
    if (work == NULL || found == NULL) {
        free(work);
        free(found);
        return -1;
    }
    sorted_window sorted[WINDOWS];
    for (int w = 0; w < WINDOWS; w++) empty(&sorted[w]);
    const int64_t entered = first > LONGEST ? first - LONGEST : 0;
    for (int64_t day = entered; day < first; day++) {
        for (int w = 0; w < WINDOWS; w++) {
            replace(&sorted[w], day - WINDOW[w] >= entered ? close[day - WINDOW[w]] : NAN, close[day]);
        }
    }
    for (int64_t begin = first; begin < length; begin += BLOCK) {
        const int64_t from = begin > LONGEST ? begin - LONGEST : 0;
        const int64_t end = begin + BLOCK < length ? begin + BLOCK : length;
        const block part = {begin, (int)(end - begin), LONGEST + (int)(begin - from)};
        compute(work, &of, from, (int)(end - from));
        write_candle(found, &of, part);
        write_order(found, sorted, close, entered, part);
        for (int w = 0; w < WINDOWS; w++) write_window(found, work, &of, w, part);
        write_rows(rows, stride, found, places + begin, part.count);
    }
    free(work);
    free(found);
    return 0;
}
