//! A report written to a file, page by page. What is half written when a process ends is written anew by whoever goes on.

use std::io::{self, Write as _};

use domain::{
    OperationId, Position, Timestamp,
    operation::{
        ExportFormat, ExportMade, ExportPlan, Item, ItemResult, OperationCommand, ProgressOperation, Run,
        TakeOperation,
    },
};
use jiff::SignedDuration;
use projections::queries::usage::{self, UsageFilter, UsageQuery, UsageReport, csv};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{info, warn};

use super::{Stuck, Worker, underway};
use crate::{
    Api,
    report_files::{Half, blocking},
    routes::reports::parquet::ParquetFile,
};

/// A report has so many stretches at most: what its progress is told in.
pub(crate) const STRETCHES_MAX: u32 = 200;
/// Rows that are read at once.
const ROWS_AT_ONCE: u32 = 10_000;
/// Pages between two looks at other operations, and at whether this one was cancelled.
const PAGES_AT_ONCE: usize = 8;
/// Reports that one process writes in turns.
const MAKING_MAX: usize = 4;

/// The file would be larger than files may be; or more is kept already than may be.
const TOO_LARGE: (&str, &str) = (
    "export_too_large",
    "the file would be larger than a report's may be; choose a shorter time, a coarser granularity or fewer groups",
);
const FULL: (&str, &str) =
    ("exports_full", "the node keeps as many bytes of reports as it may; order it again when some are over");

/// What the report is asked with.
pub(crate) fn query(plan: &ExportPlan) -> Result<UsageQuery, serde_json::Error> {
    let ExportPlan { report: _, format: _, from, until, granularity, time_zone, group_by, .. } = plan;
    Ok(UsageQuery {
        from: *from,
        until: *until,
        granularity: word(granularity)?,
        zone: time_zone.zone(),
        group_by: group_by.iter().map(|name| word(name)).collect::<Result<_, _>>()?,
        filter: UsageFilter {
            owner_team: plan.owner_team.clone(),
            client_id: plan.client_id,
            key_id: plan.key_id,
            secret_version: plan.secret_version,
            route_id: plan.route_id,
            environment: plan.environment.clone(),
        },
        after: None,
        rows_max: ROWS_AT_ONCE,
        reach: plan.reach(),
    })
}

fn word<T: DeserializeOwned>(word: &str) -> Result<T, serde_json::Error> {
    serde_json::from_value(Value::String(word.to_owned()))
}

/// What the pages are written to.
enum File {
    Csv(Half),
    // Larger by far.
    Parquet(Box<ParquetFile<Half>>),
}

impl File {
    fn begin(half: Half, format: ExportFormat, query: &UsageQuery) -> io::Result<Self> {
        Ok(match format {
            ExportFormat::Csv => Self::Csv(half),
            ExportFormat::Parquet => Self::Parquet(Box::new(ParquetFile::begin(half, query)?)),
        })
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Csv(half) => half.bytes(),
            Self::Parquet(file) => file.inner().bytes(),
        }
    }

    /// Away from those who must not wait.
    async fn put(self, report: UsageReport, query: UsageQuery, is_first: bool) -> io::Result<Self> {
        blocking(move || {
            Ok(match self {
                Self::Csv(mut half) => {
                    let lines = csv::page(&report, None, &query, is_first).map_err(io::Error::other)?;
                    half.write_all(&lines)?;
                    Self::Csv(half)
                }
                Self::Parquet(mut file) => {
                    file.put(&report)?;
                    Self::Parquet(file)
                }
            })
        })
        .await
    }

    async fn finish(self) -> io::Result<(u64, String)> {
        blocking(move || match self {
            Self::Csv(half) => half.finish(),
            Self::Parquet(file) => file.finish()?.finish(),
        })
        .await
    }
}

/// A file under way.
pub(super) struct Making {
    stretches: Vec<(Timestamp, Timestamp)>,
    /// Those that are written.
    done: usize,
    /// Of the stretch that is being written.
    query: UsageQuery,
    /// None once it has come to nothing.
    file: Option<File>,
    columns: Vec<String>,
    rows: u64,
    covered: Option<Covered>,
}

/// What the pages that were read so far cover.
#[derive(Clone, Copy, Debug)]
struct Covered {
    from: Timestamp,
    until: Timestamp,
    batch_no: u64,
    batch_no_last: u64,
    position: Position,
}

impl Worker {
    /// Writes some pages. Whether the operation has moved.
    pub(super) async fn export(
        &mut self,
        id: OperationId,
        run: &Run,
        plan: &ExportPlan,
    ) -> Result<bool, Stuck> {
        if self.making.len() >= MAKING_MAX && !self.making.contains_key(&id) {
            return Ok(false);
        }
        let take = TakeOperation { now: self.api.clock.now(), node: self.api.node.clone() };
        if !self.said(id, run, OperationCommand::Take(take)).await? {
            return Ok(false);
        }
        // What fails in between is begun anew.
        let mut making = match self.making.remove(&id) {
            Some(making) => making,
            None => Making::begin(&self.api, id, plan).await?,
        };
        for _ in 0..PAGES_AT_ONCE {
            if making.is_over() {
                break;
            }
            if let Some(why) = making.bound(&self.api).await? {
                return self.came_to_nothing(id, run, why).await;
            }
            making.page(&self.api).await?;
        }
        if making.is_over() {
            return self.whole(id, run, making).await;
        }
        let items = making.items(run, ItemResult::Applied);
        let rows = Some(making.rows);
        self.making.insert(id, making);
        // Of what is written anew nothing is told until it is further than before.
        if items.is_empty() {
            return Ok(true);
        }
        self.told(id, run, items, rows, None).await
    }

    async fn whole(&self, id: OperationId, run: &Run, mut making: Making) -> Result<bool, Stuck> {
        let items = making.items(run, ItemResult::Applied);
        let rows = making.rows;
        let made = making.finish(&self.api).await?;
        info!(operation.id = %id, rows, "Wrote the report of operation `{id}`");
        self.told(id, run, items, Some(rows), made).await
    }

    /// The stretches that are left are refused, and there is no file.
    async fn came_to_nothing(
        &self,
        id: OperationId,
        run: &Run,
        (code, detail): (&str, &str),
    ) -> Result<bool, Stuck> {
        let left = run.done.saturating_add(1)..=run.items_total;
        let items = left.map(|number| Item {
            number,
            subject: code.to_owned(),
            key_id: None,
            result: ItemResult::Refused,
            code: Some(code.to_owned()),
            detail: Some(detail.to_owned()),
        });
        self.told(id, run, items.collect(), None, None).await
    }

    async fn told(
        &self,
        id: OperationId,
        run: &Run,
        items: Vec<Item>,
        rows: Option<u64>,
        made: Option<ExportMade>,
    ) -> Result<bool, Stuck> {
        let (now, node) = (self.api.clock.now(), self.api.node.clone());
        let progress = ProgressOperation { now, node, items, rows, made };
        self.said(id, run, OperationCommand::Progress(progress)).await
    }

    /// What an earlier life of this process left.
    pub(super) async fn forget_halves(&self) {
        if let Err(failure) = self.api.report_files.forget_halves().await {
            warn!(error = %failure, "Cannot remove what is left of reports");
        }
    }

    /// Removes the files whose time is over, and those that are nobody's.
    pub(super) async fn sweep_reports(&self) {
        let now = self.api.clock.now();
        let Ok(kept) = self.api.report_files.list().await else { return };
        for file in kept {
            if self.is_over(file.id, now).await
                && let Err(failure) = self.api.report_files.forget(file.id).await
            {
                warn!(operation.id = %file.id, error = %failure, "Cannot remove the file of a report");
            }
        }
    }

    async fn is_over(&self, id: OperationId, now: Timestamp) -> bool {
        let Ok(loaded) = self.api.log.load(id).await else { return false };
        if underway(&loaded.state).is_some() {
            return false;
        }
        let made = loaded.state.run().and_then(|run| run.made.as_ref());
        made.is_none_or(|made| made.kept_until <= now || made.node != self.api.node)
    }
}

impl Making {
    async fn begin(api: &Api, id: OperationId, plan: &ExportPlan) -> Result<Self, Stuck> {
        let query = query(plan)?;
        let stretches = usage::stretches(&query, STRETCHES_MAX).map_err(usage::ReportFailure::from)?;
        let columns = csv::names(&query, false).into_iter().map(ToOwned::to_owned).collect();
        let half = api.report_files.begin(id, plan.format).await?;
        let file = Some(File::begin(half, plan.format, &query)?);
        let mut making = Self { stretches, done: 0, query, file, columns, rows: 0, covered: None };
        making.turn();
        Ok(making)
    }

    /// To the stretch that is next.
    fn turn(&mut self) {
        if let Some((from, until)) = self.stretches.get(self.done) {
            (self.query.from, self.query.until, self.query.after) = (*from, *until, None);
        }
    }

    fn is_over(&self) -> bool {
        self.done >= self.stretches.len()
    }

    /// What forbids to go on.
    async fn bound(&self, api: &Api) -> Result<Option<(&'static str, &'static str)>, Stuck> {
        let bytes = self.file.as_ref().map_or(0, File::bytes);
        if bytes > api.settings.report_file_bytes_max {
            return Ok(Some(TOO_LARGE));
        }
        let kept = api.report_files.list().await?.iter().map(|kept| kept.bytes).fold(0, u64::saturating_add);
        Ok((kept.saturating_add(bytes) > api.settings.report_files_bytes_max).then_some(FULL))
    }

    /// Reads the next page and writes it.
    async fn page(&mut self, api: &Api) -> Result<(), Stuck> {
        let report = usage::report(&api.read, &self.query).await?;
        let is_first = self.covered.is_none();
        self.count(&report);
        let asked = self.query.clone();
        let next = report.next.clone();
        if let Some(file) = self.file.take() {
            self.file = Some(file.put(report, asked, is_first).await?);
        }
        if next.is_some() {
            self.query.after = next;
        } else {
            self.done = self.done.saturating_add(1);
            self.turn();
        }
        Ok(())
    }

    fn count(&mut self, report: &UsageReport) {
        let UsageReport { from, until, batch_no, position, rows, next: _ } = report;
        self.rows = self.rows.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        let first = Covered {
            from: *from,
            until: *until,
            batch_no: *batch_no,
            batch_no_last: *batch_no,
            position: *position,
        };
        let covered = self.covered.get_or_insert(first);
        // Where nothing is kept of the first stretches, the report begins with the first of which something is.
        if covered.from >= covered.until {
            covered.from = *from;
        }
        covered.until = *until;
        covered.batch_no_last = *batch_no;
    }

    /// As many of the operation's items as stretches are written, beyond those that were told.
    fn items(&self, run: &Run, result: ItemResult) -> Vec<Item> {
        let (stretches, total) =
            (self.stretches.len(), usize::try_from(run.items_total).unwrap_or(usize::MAX));
        // They are as many unless the rules of a time zone have changed meanwhile.
        let done = if self.is_over() { total } else { self.done.saturating_mul(total) / stretches.max(1) };
        let told = usize::try_from(run.done).unwrap_or(usize::MAX);
        let until = |number: usize| {
            let at = number.saturating_mul(stretches).div_ceil(total.max(1)).saturating_sub(1);
            self.stretches.get(at).map_or_else(String::new, |(_, until)| until.to_string())
        };
        let numbers = told.saturating_add(1)..=done;
        let item = |number| Item {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            subject: until(number),
            key_id: None,
            result,
            code: None,
            detail: None,
        };
        numbers.map(item).collect()
    }

    async fn finish(&mut self, api: &Api) -> Result<Option<ExportMade>, Stuck> {
        let (Some(file), Some(covered)) = (self.file.take(), self.covered) else { return Ok(None) };
        let (bytes, content_hash) = file.finish().await?;
        let Covered { from, until, batch_no, batch_no_last, position } = covered;
        let kept_for = SignedDuration::try_from(api.settings.report_file_kept_for).unwrap_or_default();
        Ok(Some(ExportMade {
            node: api.node.clone(),
            rows: self.rows,
            bytes,
            content_hash,
            columns: self.columns.clone(),
            from,
            until,
            batch_no,
            batch_no_last,
            position,
            kept_until: api.clock.now().checked_add(kept_for).unwrap_or(Timestamp::MAX),
        }))
    }
}
