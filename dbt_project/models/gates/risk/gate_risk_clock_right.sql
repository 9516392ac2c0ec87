-- Was the machine's clock right when the run was frozen: against NTP, and against Postgres?
-- Blocks when no reading was recorded, and, where the policy says so, when nobody could say how NTP sees it.
-- Does not judge a simulated desk, which lives in a time of its own.
with run as (
    select *, {{ policy_limit('clock.offset_ms_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        run.is_simulated,
        run.limit_value,
        clock.ntp_source,
        clock.ntp_offset_ms,
        clock.database_offset_ms,
        clock.unknown_blocks,
        greatest(abs(clock.ntp_offset_ms), abs(clock.database_offset_ms)) as offset_ms
    from run
    left join {{ ref('stg_desk__clock_readings') }} as clock on clock.run_id = run.run_id
),

weighed as (
    select
        *,
        offset_ms > limit_value as is_off,
        is_simulated or (
            database_offset_ms is not null
            and offset_ms <= limit_value
            and (ntp_offset_ms is not null or not unknown_blocks)
        ) as is_clear
    from compared
)

select
    {{ verdict('risk', 'clock_right', observed='offset_ms') }},
    case
        when is_simulated then 'the clock of a simulated desk is not judged'
        when limit_value is null then 'the policy names no offset of the clock'
        when database_offset_ms is null then 'how far off the clock is was not recorded'
        else format(
            '%s; from Postgres'' it differs by %s ms; %s ms allowed',
            -- Chrony says how far off it may be at most, timesyncd how far off it was at the last answer.
            case
                when ntp_source is null then 'nobody knows how far off the clock is'
                when ntp_source = 'chrony'
                    then format('the clock is off by at most %s ms (chrony)', round(ntp_offset_ms, 1))
                else format('the clock was off by %s ms (%s)', round(ntp_offset_ms, 1), ntp_source)
            end,
            round(database_offset_ms, 1), limit_value
        )
    end as reason,
    case
        when is_clear then ''
        when limit_value is null or database_offset_ms is null then {{ read_log('freeze_inputs') }}
        when ntp_source = 'chrony' and is_off
            then 'See whether a time server answers (chronyc sources), '
                || 'let chrony set the clock (sudo chronyc makestep), and plan again.'
        when is_off then 'Let chrony set the clock (sudo chronyc makestep), and plan again.'
        else 'Let NTP keep the clock (sudo apt install chrony), and plan again.'
    end as fix
from weighed
