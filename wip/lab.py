import sys, time, json, os
sys.path.insert(0,'/work/wt/start'); sys.path.insert(0,'/tmp/labdata'); sys.dont_write_bytecode=True
os.environ.setdefault('OPENBLAS_NUM_THREADS','1')
import numpy as np
from load import load
from mr_kmeans.exact import hashing
from mr_kmeans.exact.column import from_floats
from mr_kmeans.exact.grid import choose_grid
from mr_kmeans.algorithm.starts import on_sample as S
from mr_kmeans.algorithm.starts.crossover import merged
from mr_kmeans.algorithm.assigner import Assigner
BEST=json.load(open('/work/shared/data/best_known.json'))
def problem(X,k,seed):
    d=X.shape[1]; cols=[np.ascontiguousarray(c) for c in X.T]
    grids=[choose_grid(from_floats(c).decimals,float(abs(c).max())) for c in cols]; w=np.ones(d)
    s=hashing.HashSample(S.sample_capacity(k,d),d); s.add(hashing.row_hashes(cols,seed,1),cols)
    return S.Problem.of(s,grids,w,k,seed), cols, grids
def sizes(P,C):
    l,_=Assigner(C,P.grids,P.weights).assign(P.integers); return np.bincount(l,weights=P.multiplicities,minlength=len(C)).clip(1)
def restart(P,r,it):
    ch=P.rows.choose(P.k,P.seed,r); C=np.column_stack([c[ch] for c in P.rows.x]); return S.iterate(P,C,it)
def cross(P,a,b,it): return S.iterate(P,merged(np.vstack([a[0].centroids,b[0].centroids]),np.concatenate([a[1],b[1]]),P.k,P.weights),it)
def steady(P,n=10,it=10,keep=4,it2=10,rounds=1,agree=3):
    pool=[];records=[];T=[0,0]
    for r in range(n):
        s=restart(P,r,it); T[0]+=1
        new=[s]
        for _ in range(rounds):
            kids=[]
            for x in new:
                X=(x,sizes(P,x.centroids))
                for p in pool[:keep]:
                    if p[0].score!=x.score: kids.append(cross(P,X,p,it2)); T[1]+=1
            for x in new:
                if all(x.score!=p[0].score for p in pool): pool.append((x,sizes(P,x.centroids)))
            pool.sort(key=lambda p:p[0].score)
            new=kids
            if not kids: break
        for x in new:
            if all(x.score!=p[0].score for p in pool): pool.append((x,sizes(P,x.centroids)))
        pool.sort(key=lambda p:p[0].score); pool=pool[:keep+1]
        if not records or pool[0][0].score<records[-1].score: records.append(pool[0][0]); last=r
        if r>=agree-1 and len(pool)==1 and pool[0][0].converged: break
    fin=[S.iterate(P,s.centroids,100) if not s.converged else s for s in records[-3:]]
    return min(fin,key=S._score),T
def gens(P,n=8,it=10,G=5,keep=5,it2=10,agree=3):
    pool=[];T=[0,0]
    for r in range(n):
        pool.append(restart(P,r,it)); T[0]+=1
        if r>=agree-1 and len({p.score for p in pool})==1 and all(p.converged for p in pool): return pool[0],T
    pool.sort(key=S._score)
    for g in range(G):
        seen={}; [seen.setdefault(p.score,p) for p in pool]; pool=list(seen.values())
        if len(pool)==1: break
        top=[(p,sizes(P,p.centroids)) for p in pool[:keep]]
        kids=[cross(P,top[i],top[j],it2) for i in range(len(top)) for j in range(i)]; T[1]+=len(kids)
        new=sorted(pool[:1]+kids,key=S._score)
        if new[0].score==pool[0].score and g: pool=new; break
        pool=new
    return (S.iterate(P,pool[0].centroids,100) if not pool[0].converged else pool[0]),T
def today(P,n=10):
    sols=[S.solve(P,r) for r in range(n)]; return min((S.finish(P,s) for s in sorted(sols,key=S._score)[:3]),key=S._score),[n,0]
def inertia(P,sol):
    a=Assigner(sol.centroids,P.grids,P.weights); l,_=a.assign(P.integers); return float((a.distances(P.integers,l)*P.multiplicities).sum())
if __name__=='__main__':
    sets=[s.split(':') for s in sys.argv[1].split(',')]; seeds=int(sys.argv[2]); ways=sys.argv[3:]
    for name,ks in sets:
        X=load(name)
        for k in map(int,ks.split('/')):
            best=BEST.get(name,{}).get(str(k))
            res={w:[] for w in ways}; tm={w:0 for w in ways}; cnt={w:[0,0] for w in ways}
            for seed in range(seeds):
                P,_,_=problem(X,k,seed)
                for w in ways:
                    t=time.process_time(); s,T=eval(w)(P) if '(' not in w else eval(w.replace('(','(P,')); tm[w]+=time.process_time()-t
                    cnt[w][0]+=T[0]; cnt[w][1]+=T[1]; res[w].append(inertia(P,s))
            base=best or min(min(v) for v in res.values())
            for w in ways:
                r=sorted(v/base for v in res[w]); print(f'{name:9} k={k:<4} {w:44} med {r[len(r)//2]:.4f} worst {r[-1]:.4f} best {r[0]:.4f} {tm[w]/seeds:.2f} s  restarts {cnt[w][0]/seeds:.1f} kids {cnt[w][1]/seeds:.1f}',flush=True)
