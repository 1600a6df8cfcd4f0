package interop;

import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.locks.Revoker;
import org.apache.curator.framework.recipes.shared.SharedCount;

/** Curator's locks, semaphores and barriers. */
final class LockCases {
  /** How long an attempt may take that must not succeed, milliseconds. */
  private static final int VAIN_MS = 200;

  static void addTo(Cases cases) {
    mutexes(cases);
    readersAndWriters(cases);
    semaphores(cases);
    barriers(cases);
  }

  private interface Work {
    void run() throws Exception;
  }

  /** Does the same work in many threads and waits for all of them. */
  private static void together(int threads, Work work) throws Exception {
    ExecutorService running = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i += 1) {
        all.add(running.submit(() -> {
          work.run();
          return null;
        }));
      }
      for (Future<?> one : all) one.get(40, TimeUnit.SECONDS);
    } finally {
      running.shutdownNow();
    }
  }

  /** Runs it in another thread: locks know the thread that has them. */
  private static <T> T elsewhere(java.util.concurrent.Callable<T> call) throws Exception {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return call.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }).get(40, TimeUnit.SECONDS);
  }

  private static void mutexes(Cases cases) {
    cases.add("InterProcessMutex: one at a time, and in the end everybody", stage -> {
      AtomicInteger inside = new AtomicInteger();
      AtomicInteger turns = new AtomicInteger();
      together(4, () -> {
        InterProcessMutex mutex = new InterProcessMutex(stage.curator(), "/lock");
        for (int i = 0; i < 10; i += 1) {
          mutex.acquire();
          same(1, inside.incrementAndGet());
          turns.incrementAndGet();
          inside.decrementAndGet();
          mutex.release();
        }
      });
      same(40, turns.get());
    });
    cases.add("InterProcessMutex: whoever has it may have it again", stage -> {
      InterProcessMutex mutex = new InterProcessMutex(stage.curator(), "/lock");
      InterProcessMutex other = new InterProcessMutex(stage.curator(), "/lock");
      mutex.acquire();
      mutex.acquire();
      mutex.release();
      that("it is still held", !elsewhere(() -> other.acquire(VAIN_MS, TimeUnit.MILLISECONDS)));
      mutex.release();
      that("it is free", other.acquire(20, TimeUnit.SECONDS));
      other.release();
    });
    cases.add("InterProcessMutex: can be asked for, and given up", stage -> {
      CuratorFramework curator = stage.curator();
      InterProcessMutex mutex = new InterProcessMutex(curator, "/lock");
      CountDownLatch asked = new CountDownLatch(1);
      mutex.makeRevocable(lock -> asked.countDown());
      mutex.acquire();
      Collection<String> holders = mutex.getParticipantNodes();
      same(1, holders.size());
      Revoker.attemptRevoke(stage.curator(), holders.iterator().next());
      that("its holder hears that", asked.await(20, TimeUnit.SECONDS));
      mutex.release();
    });
    cases.add("InterProcessSemaphoreMutex: not even its holder has it twice", stage -> {
      InterProcessSemaphoreMutex mutex = new InterProcessSemaphoreMutex(stage.curator(), "/lock");
      that("it is had", mutex.acquire(20, TimeUnit.SECONDS));
      that("once", !mutex.acquire(VAIN_MS, TimeUnit.MILLISECONDS));
      elsewhere(() -> {
        mutex.release();
        return null;
      });
      that("any thread may release it", mutex.acquire(20, TimeUnit.SECONDS));
      mutex.release();
    });
    cases.add("InterProcessMultiLock: all locks or none", stage -> {
      InterProcessMutex held = new InterProcessMutex(stage.curator(), "/b");
      held.acquire();
      InterProcessMultiLock both = new InterProcessMultiLock(stage.curator(), List.of("/a", "/b"));
      that("one is taken", !elsewhere(() -> both.acquire(VAIN_MS, TimeUnit.MILLISECONDS)));
      InterProcessMutex other = new InterProcessMutex(stage.curator(), "/a");
      that("the other one was given back", other.acquire(20, TimeUnit.SECONDS));
      other.release();
      held.release();
      that("both are had", both.acquire(20, TimeUnit.SECONDS));
      both.release();
    });
  }

  private static void readersAndWriters(Cases cases) {
    cases.add("InterProcessReadWriteLock: many readers or one writer", stage -> {
      InterProcessReadWriteLock first = new InterProcessReadWriteLock(stage.curator(), "/lock");
      InterProcessReadWriteLock second = new InterProcessReadWriteLock(stage.curator(), "/lock");
      first.readLock().acquire();
      that("two read", second.readLock().acquire(20, TimeUnit.SECONDS));
      second.readLock().release();
      that("nobody writes", !second.writeLock().acquire(VAIN_MS, TimeUnit.MILLISECONDS));
      first.readLock().release();
      that("one writes", second.writeLock().acquire(20, TimeUnit.SECONDS));
      that("nobody reads", !first.readLock().acquire(VAIN_MS, TimeUnit.MILLISECONDS));
      second.writeLock().release();
    });
    cases.add("InterProcessReadWriteLock: a writer may go on as a reader", stage -> {
      InterProcessReadWriteLock first = new InterProcessReadWriteLock(stage.curator(), "/lock");
      InterProcessReadWriteLock second = new InterProcessReadWriteLock(stage.curator(), "/lock");
      first.writeLock().acquire();
      that("it reads too", first.readLock().acquire(20, TimeUnit.SECONDS));
      first.writeLock().release();
      that("others read", second.readLock().acquire(20, TimeUnit.SECONDS));
      second.readLock().release();
      first.readLock().release();
    });
  }

  private static void semaphores(Cases cases) {
    cases.add("InterProcessSemaphoreV2: as many leases as there are", stage -> {
      InterProcessSemaphoreV2 first = new InterProcessSemaphoreV2(stage.curator(), "/semaphore", 3);
      InterProcessSemaphoreV2 second = new InterProcessSemaphoreV2(stage.curator(), "/semaphore", 3);
      Collection<Lease> two = first.acquire(2);
      Lease third = second.acquire();
      same(3, first.getParticipantNodes().size());
      same(null, second.acquire(VAIN_MS, TimeUnit.MILLISECONDS));
      first.returnAll(two);
      Lease again = second.acquire(20, TimeUnit.SECONDS);
      that("one is free", again != null);
      second.returnLease(again);
      second.returnLease(third);
    });
    cases.add("InterProcessSemaphoreV2: their number can be shared and raised", stage -> {
      CuratorFramework curator = stage.curator();
      SharedCount leases = stage.closing(new SharedCount(curator, "/leases", 1));
      leases.start();
      InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(curator, "/semaphore", leases);
      Lease first = semaphore.acquire();
      same(null, semaphore.acquire(VAIN_MS, TimeUnit.MILLISECONDS));
      leases.setCount(2);
      eventually("a second one is had", () -> {
        Lease second = semaphore.acquire(VAIN_MS, TimeUnit.MILLISECONDS);
        if (second != null) semaphore.returnLease(second);
        return second != null;
      });
      semaphore.returnLease(first);
    });
    cases.add("InterProcessSemaphoreV2: never more at work than there are leases", stage -> {
      AtomicInteger inside = new AtomicInteger();
      together(5, () -> {
        InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(stage.curator(), "/semaphore", 2);
        for (int i = 0; i < 4; i += 1) {
          Lease lease = semaphore.acquire();
          that("at most two", inside.incrementAndGet() <= 2);
          inside.decrementAndGet();
          semaphore.returnLease(lease);
        }
      });
    });
  }

  private static void barriers(Cases cases) {
    cases.add("DistributedBarrier: holds until it is removed", stage -> {
      DistributedBarrier mine = new DistributedBarrier(stage.curator(), "/barrier");
      DistributedBarrier theirs = new DistributedBarrier(stage.curator(), "/barrier");
      mine.setBarrier();
      that("it holds", !theirs.waitOnBarrier(VAIN_MS, TimeUnit.MILLISECONDS));
      mine.removeBarrier();
      that("it does not hold", theirs.waitOnBarrier(20, TimeUnit.SECONDS));
    });
    cases.add("DistributedDoubleBarrier: all enter together and leave together", stage -> {
      AtomicInteger arrived = new AtomicInteger();
      AtomicInteger leaving = new AtomicInteger();
      together(3, () -> {
        DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(stage.curator(), "/barrier", 3);
        arrived.incrementAndGet();
        that("it enters", barrier.enter(20, TimeUnit.SECONDS));
        same(3, arrived.get());
        leaving.incrementAndGet();
        that("it leaves", barrier.leave(20, TimeUnit.SECONDS));
        same(3, leaving.get());
      });
    });
  }
}
